//! The attribute `traced`.

use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use opentracing_core::mock::MockTracer;
use opentracing_core::{SpanKind, Tracer, Value, traced};

/// Polls a future that never waits for anything but itself.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// Pending once.
async fn yield_now() {
    let mut is_first = true;
    std::future::poll_fn(|_| if std::mem::take(&mut is_first) { Poll::Pending } else { Poll::Ready(()) }).await;
}

#[derive(Debug)]
struct Full(Inner);

#[derive(Debug)]
struct Inner;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot save")
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("disk is full")
    }
}

impl Error for Inner {}

impl Error for Full {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_function_runs_in_a_span() {
    #[traced(tracer = tracer)]
    fn outer(tracer: &Tracer, times: u32) -> u32 {
        if times == 0 {
            return 0;
        }
        inner(tracer) + outer(tracer, times - 1)
    }
    #[traced(tracer = tracer, name = "renamed", kind = Client)]
    fn inner(tracer: &Tracer) -> u32 {
        tracer.span("native").start().finish();
        1
    }
    let mock = MockTracer::new();
    assert_eq!(outer(mock.tracer(), 1), 1);
    mock.assert_tree("outer\n  renamed (client)\n    native\n  outer");
}

#[test]
fn an_async_function_runs_in_a_span_from_its_first_poll() {
    #[traced(tracer = tracer)]
    async fn outer(tracer: &Tracer) -> u32 {
        yield_now().await;
        inner(tracer).await + 1
    }
    #[traced(tracer = tracer, boxed)]
    async fn inner(tracer: &Tracer) -> u32 {
        yield_now().await;
        1
    }
    let mock = MockTracer::new();
    drop(outer(mock.tracer()));
    assert_eq!(mock.finished_spans().len(), 0, "a future that is never polled makes no span");
    assert_eq!(run(outer(mock.tracer())), 2);
    mock.assert_tree("outer\n  inner");
}

#[test]
fn tags_are_taken_from_expressions_on_request() {
    struct Order {
        id: u64,
        customer: String,
        r#type: &'static str,
        total: f64,
    }
    struct Shop {
        tracer: Tracer,
        region: &'static str,
    }
    impl Shop {
        #[traced(
            tracer = self.tracer,
            tags(order.id, order.customer, order.r#type, self.region, count, %order.total, shown = ?order.total,
                "one more" = count + 1, absent = None::<u32>, sum = order.total * 2.0)
        )]
        async fn sell(&self, order: &Order, count: usize, secret: &str) -> usize {
            count + secret.len()
        }
    }
    let mock = MockTracer::new();
    let shop = Shop { tracer: mock.tracer().clone(), region: "eu" };
    let order = Order { id: 7, customer: "ann".to_owned(), r#type: "gift", total: 2.5 };
    assert_eq!(run(shop.sell(&order, 3, "hidden")), 9);
    let span = mock.span("sell");
    let rows: [(&str, Option<Value<'_>>); 11] = [
        ("order.id", Some(7_u64.into())),
        ("order.customer", Some("ann".into())),
        ("order.type", Some("gift".into())),
        ("region", Some("eu".into())),
        ("count", Some(3_usize.into())),
        ("order.total", Some("2.5".into())),
        ("shown", Some("2.5".into())),
        ("one more", Some(4_usize.into())),
        ("absent", None),
        ("sum", Some(5.0.into())),
        ("secret", None),
    ];
    for (key, value) in rows {
        assert_eq!(span.tag(key), value, "{key}");
    }
}

#[test]
fn tags_are_evaluated_only_if_the_span_records() {
    #[traced(tracer = tracer, tags(calls = counted(calls)))]
    fn work(tracer: &Tracer, calls: &Cell<u32>) {}
    fn counted(calls: &Cell<u32>) -> u32 {
        calls.set(calls.get() + 1);
        calls.get()
    }
    let (mock, calls) = (MockTracer::new(), Cell::new(0));
    work(mock.tracer(), &calls);
    work(&Tracer::noop(), &calls);
    assert_eq!((calls.get(), mock.span("work").tag("calls")), (1, Some(1_u32.into())));
}

#[test]
fn all_arguments_but_the_skipped_ones() {
    #[traced(tracer = tracer, args, skip(tracer, password))]
    fn log_in(tracer: &Tracer, name: &str, (x, y): (u8, u8), password: &str, _: u8) -> usize {
        name.len() + password.len() + usize::from(x + y)
    }
    let mock = MockTracer::new();
    assert_eq!(log_in(mock.tracer(), "ann", (1, 2), "secret", 0), 12);
    let span = mock.span("log_in");
    assert_eq!(
        ["name", "x", "y"].map(|key| span.tag(key).map(|tag| tag.to_string())),
        ["\"ann\"", "1", "2"].map(|text| Some(text.to_owned()))
    );
    assert_eq!(span.tags.len(), 3);
}

#[test]
fn errors_mark_the_span() {
    #[traced(tracer = tracer, err)]
    fn of_error(tracer: &Tracer) -> Result<u32, Full> {
        Err(Full(Inner))?
    }
    #[traced(tracer = tracer, err)]
    async fn of_boxed(tracer: &Tracer) -> Result<u32, Box<dyn Error + Send + Sync>> {
        yield_now().await;
        Err("in a box")?
    }
    #[traced(tracer = tracer, err)]
    fn of_text(tracer: &Tracer) -> Result<u32, &'static str> {
        Err("text")
    }
    #[traced(tracer = tracer, err)]
    fn of_debug(tracer: &Tracer) -> Result<u32, Option<u8>> {
        Err(Some(7))
    }
    struct Silent;
    #[traced(tracer = tracer, err)]
    fn of_nothing(tracer: &Tracer) -> Result<u32, Silent> {
        Err(Silent)
    }
    #[traced(tracer = tracer, err)]
    fn of_generic<E>(tracer: &Tracer, error: E) -> Result<u32, E> {
        Err(error)
    }
    #[traced(tracer = tracer, err)]
    fn fine(tracer: &Tracer) -> Result<u32, Full> {
        Ok(1)
    }
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    assert!(of_error(tracer).is_err() && run(of_boxed(tracer)).is_err() && of_text(tracer).is_err());
    assert!(of_debug(tracer).is_err() && of_nothing(tracer).is_err() && of_generic(tracer, "x").is_err());
    assert!(fine(tracer).is_ok());
    let row = |name: &str| {
        let span = mock.span(name);
        let field = |key| span.logs.first().and_then(|log| log.field(key)).map(|value| value.to_string());
        (span.tag("error").is_some(), field("message"), field("stack"))
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(row("of_error"), (true, text("cannot save"), text("caused by: disk is full")));
    assert_eq!(row("of_boxed"), (true, text("in a box"), None));
    assert_eq!(row("of_text"), (true, text("text"), None));
    assert_eq!(row("of_debug"), (true, text("Some(7)"), None));
    assert_eq!(row("of_nothing"), (true, None, None));
    assert_eq!(row("of_generic"), (true, None, None));
    assert_eq!(row("fine"), (false, None, None));
}

#[test]
fn results_are_recorded_on_request() {
    #[traced(tracer = tracer, ret)]
    fn value(tracer: &Tracer) -> Vec<u8> {
        vec![1, 2]
    }
    #[traced(tracer = tracer, ret)]
    fn ok(tracer: &Tracer, fails: bool) -> Result<u8, &'static str> {
        if fails { Err("no") } else { Ok(3) }
    }
    #[traced(tracer = tracer, ret, err, name = "both")]
    async fn both(tracer: &Tracer, fails: bool) -> Result<u8, &'static str> {
        if fails { Err("no") } else { Ok(3) }
    }
    let mock = MockTracer::new();
    value(mock.tracer());
    assert_eq!(mock.span("value").tag("return"), Some("[1, 2]".into()));
    assert!(ok(mock.tracer(), false).is_ok());
    assert_eq!(mock.span("ok").tag("return"), Some("3".into()));
    mock.reset();
    assert!(ok(mock.tracer(), true).is_err());
    assert_eq!((mock.span("ok").tag("return"), mock.span("ok").tag("error")), (None, None));
    assert!(run(both(mock.tracer(), true)).is_err());
    assert_eq!((mock.span("both").tag("return"), mock.span("both").tag("error")), (None, Some(true.into())));
}

#[test]
fn borrowed_arguments_and_results_pass() {
    struct Map {
        tracer: Tracer,
        items: Vec<String>,
    }
    impl Map {
        #[traced(tracer = self.tracer, err)]
        fn first(&mut self, wanted: &str) -> Result<&mut String, String> {
            let found = self.items.iter_mut().find(|item| item.starts_with(wanted));
            found.ok_or_else(|| format!("no {wanted}"))
        }

        #[traced(tracer = self.tracer)]
        async fn longest<'a>(&self, one: &'a str, other: &'a str) -> &'a str {
            if one.len() > other.len() { one } else { other }
        }

        #[traced(tracer = self.tracer, ret)]
        fn into_items(self) -> Vec<String> {
            self.items
        }
    }
    let mock = MockTracer::new();
    let mut map = Map { tracer: mock.tracer().clone(), items: vec!["ab".to_owned()] };
    map.first("a").expect("it is there").push('c');
    assert_eq!(run(map.longest("ab", "c")), "ab");
    assert_eq!(map.into_items(), ["abc"]);
    assert_eq!(mock.finished_spans().len(), 3);
}

/// As without the attribute, and after the span has ended.
#[test]
fn arguments_are_dropped_after_the_span() {
    struct Dropped(Tracer, Rc<Cell<bool>>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.1.set(self.0.active_context().is_none());
        }
    }
    #[traced(tracer = tracer)]
    fn sync(tracer: &Tracer, _argument: Dropped, _: u8) {}
    let mock = MockTracer::new();
    let was_outside = Rc::new(Cell::new(false));
    sync(mock.tracer(), Dropped(mock.tracer().clone(), was_outside.clone()), 0);
    assert!(was_outside.get());
}

#[test]
fn methods_of_async_traits_are_traced() {
    #[async_trait::async_trait]
    trait Store: Sync {
        async fn load(&self, key: &str) -> Result<u32, Box<dyn Error + Send + Sync>>;

        #[traced(tracer = self.tracer(), name = "default")]
        async fn twice(&self, key: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
            Ok(self.load(key).await? * 2)
        }

        fn tracer(&self) -> Tracer;
    }
    struct Memory(Tracer);
    #[async_trait::async_trait]
    impl Store for Memory {
        #[traced(tracer = self.0, err, tags(key))]
        async fn load(&self, key: &str) -> Result<u32, Box<dyn Error + Send + Sync>> {
            yield_now().await;
            if key.is_empty() {
                return Err("no key".into());
            }
            Ok(4)
        }

        fn tracer(&self) -> Tracer {
            self.0.clone()
        }
    }
    let mock = MockTracer::new();
    let store: Box<dyn Store> = Box::new(Memory(mock.tracer().clone()));
    assert_eq!(run(store.twice("k")).expect("there is a key"), 8);
    assert!(run(store.load("")).is_err());
    mock.assert_tree("default\n  load\nload !");
}

#[test]
fn returned_futures_and_streams_are_traced() {
    #[traced(tracer = tracer)]
    fn ready(tracer: &Tracer) -> impl Future<Output = u32> {
        tracer.span("before").start().finish();
        std::future::ready(1)
    }
    #[traced(tracer = tracer, ret)]
    fn block(tracer: Tracer) -> impl Future<Output = u32> {
        let inner = tracer.clone();
        async move {
            yield_now().await;
            inner.span("inside").start().finish();
            2
        }
    }
    #[traced(tracer = tracer)]
    fn boxed(tracer: &Tracer) -> Pin<Box<dyn Future<Output = u32> + Send + '_>> {
        Box::pin(async move {
            yield_now().await;
            tracer.span("inside").start().finish();
            3
        })
    }
    #[traced(tracer = tracer)]
    fn boxed_elsewhere(tracer: &Tracer) -> Pin<Box<dyn Future<Output = u32>>> {
        let future: Pin<Box<dyn Future<Output = u32>>> = Box::pin(std::future::ready(4));
        future
    }
    struct Numbers(u32, Tracer);
    impl Stream for Numbers {
        type Item = u32;
        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
            self.1.span("item").start().finish();
            self.0 += 1;
            Poll::Ready((self.0 < 3).then_some(self.0))
        }
    }
    #[traced(tracer = tracer)]
    fn stream(tracer: Tracer) -> impl Stream<Item = u32> {
        Numbers(0, tracer.clone())
    }
    let mock = MockTracer::new();
    let tracer = mock.tracer();
    assert_eq!(run(ready(tracer)) + run(block(tracer.clone())) + run(boxed(tracer)) + run(boxed_elsewhere(tracer)), 10);
    mock.assert_tree("ready\n  before\nblock\n  inside\nboxed\n  inside\nboxed_elsewhere");
    assert_eq!(mock.span("block").tag("return"), Some("2".into()));
    mock.reset();
    let mut stream = Box::pin(stream(tracer.clone()));
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(_)) = stream.as_mut().poll_next(&mut context) {}
    mock.assert_tree("stream\n  item\n  item\n  item");
}

#[test]
fn generic_functions_pass() {
    #[traced(tracer = tracer, err)]
    async fn apply<T, F, E>(tracer: &Tracer, f: F) -> Result<T, E>
    where
        F: AsyncFnOnce() -> Result<T, E>,
        E: fmt::Display,
    {
        f().await
    }
    #[traced(tracer = tracer)]
    fn opaque(tracer: &Tracer, end: u32) -> impl Iterator<Item = u32> + use<> {
        0..end
    }
    let mock = MockTracer::new();
    assert_eq!(run(apply(mock.tracer(), async || Err::<(), _>("no"))), Err("no"));
    assert_eq!(opaque(mock.tracer(), 3).count(), 3);
    mock.assert_tree("apply !\nopaque");
}

#[test]
fn a_panic_marks_the_span() {
    #[traced(tracer = tracer)]
    fn fails(tracer: &Tracer) {
        std::panic::panic_any("no output of the panic hook is wanted here");
    }
    let mock = MockTracer::new();
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fails(mock.tracer()))).is_err());
    mock.assert_tree("fails !");
    assert_eq!(mock.span("fails").kind, SpanKind::Internal);
}

/// The future must stay `Send`.
#[test]
fn traced_futures_can_be_spawned() {
    #[traced]
    async fn work() -> u32 {
        yield_now().await;
        1
    }
    fn must_be_send<T: Send>(value: T) -> T {
        value
    }
    assert_eq!(run(must_be_send(work())), 1);
}

#[test]
fn results_are_coerced_to_their_type() {
    trait Shape {
        fn corners(&self) -> u32;
    }
    struct Square;
    impl Shape for Square {
        fn corners(&self) -> u32 {
            4
        }
    }
    type Later = Pin<Box<dyn Future<Output = u32>>>;
    #[traced(tracer = tracer, err)]
    async fn boxed_shape(tracer: &Tracer) -> Result<Box<dyn Shape>, Box<dyn Error>> {
        yield_now().await;
        Ok(Box::new(Square))
    }
    #[traced(tracer = tracer)]
    async fn in_a_result(tracer: &Tracer) -> Result<Later, Full> {
        if tracer.is_noop() {
            return Err(Full(Inner));
        }
        Ok(Box::pin(async { 7 }))
    }
    #[traced(tracer = tracer, err)]
    fn sync_shape(tracer: &Tracer) -> Result<Box<dyn Shape>, Box<dyn Error>> {
        Ok(Box::new(Square))
    }
    let mock = MockTracer::new();
    assert_eq!(run(boxed_shape(mock.tracer())).map(|shape| shape.corners()).ok(), Some(4));
    assert_eq!(run(in_a_result(mock.tracer())).map(run).ok(), Some(7));
    assert_eq!(sync_shape(mock.tracer()).map(|shape| shape.corners()).ok(), Some(4));
    mock.assert_tree("boxed_shape\nin_a_result\nsync_shape");
}

#[test]
fn names_of_the_expansion_do_not_clash_with_those_of_the_function() {
    #[traced(tracer = tracer, err, ret, tags(__span))]
    fn sync(tracer: &Tracer, __span: u32, __result: u32) -> Result<u32, Full> {
        let __typed = __span + __result;
        Ok(__typed)
    }
    #[traced(tracer = tracer)]
    async fn waits<const N: usize>(tracer: &Tracer, __span: [u8; N], add: impl Into<u32>) -> u32 {
        yield_now().await;
        __span.len() as u32 + add.into()
    }
    let mock = MockTracer::new();
    assert_eq!(sync(mock.tracer(), 1, 2).ok(), Some(3));
    assert_eq!(run(waits(mock.tracer(), [0; 2], 3_u8)), 5);
    assert_eq!(mock.span("sync").tag("__span"), Some(1_u32.into()));
    mock.assert_tree("sync\nwaits");
}
