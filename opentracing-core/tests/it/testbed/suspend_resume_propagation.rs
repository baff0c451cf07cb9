//! Jobs that are suspended and resumed, turn by turn on one thread, each with a span of its own.

use opentracing_core::{Span, Value};

use super::{Bed, run};

struct Job {
    span: Span,
}

impl Job {
    fn start(bed: &Bed, id: i64) -> Self {
        let mut span = bed.start_with("job", |builder| {
            builder.ignore_active_span();
        });
        span.set_tag("id", id);
        Job { span }
    }

    fn part(&mut self, bed: &Bed, name: &'static str) {
        let _scope = self.span.activate_borrowed();
        bed.tracer().with_active(|span| {
            span.log(name);
        });
    }
}

#[test]
fn jobs_in_turns_keep_their_spans_apart() {
    run(|bed| async move {
        let (mut one, mut two) = (Job::start(&bed, 1), Job::start(&bed, 2));
        one.part(&bed, "part 1");
        two.part(&bed, "part 1");
        one.part(&bed, "part 2");
        two.part(&bed, "part 2");
        two.part(&bed, "part 3");
        assert!(bed.tracer().active_context().is_none());
        drop((one, two));
        bed.check_tree(&["job", "job"]);
        bed.each("job", |span| {
            let events: Vec<_> = span.logs.iter().filter_map(|log| log.field("event")).collect();
            let expected = if span.tag("id") == Some(Value::I64(1)) { 2 } else { 3 };
            let all = ["part 1", "part 2", "part 3"].map(Value::Str);
            assert_eq!(events, all[..expected]);
        });
    });
}
