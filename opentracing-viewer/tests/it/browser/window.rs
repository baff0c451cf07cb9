//! One window of Chromium, with everything that it complains about.

use std::ffi::OsString;
use std::io::Write as _;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetScriptExecutionDisabledParams,
};
use chromiumoxide::cdp::browser_protocol::input::{DispatchKeyEventParams, DispatchKeyEventType};
use chromiumoxide::cdp::browser_protocol::log::EventEntryAdded;
use chromiumoxide::cdp::js_protocol::runtime::{EvaluateParams, EventConsoleApiCalled, EventExceptionThrown};
use chromiumoxide::listeners::EventStream;
use chromiumoxide::{Browser, BrowserConfig, Page};
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

/// Chromium with one page.
pub(crate) struct Window {
    page: Page,
    browser: Browser,
    handler: JoinHandle<()>,
    console: EventStream<EventConsoleApiCalled>,
    exceptions: EventStream<EventExceptionThrown>,
    log: EventStream<EventEntryAdded>,
    _profile: TempDir,
}

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

const ARGUMENTS: &[&str] = &[
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--disable-extensions",
    "--no-default-browser-check",
    "--force-device-scale-factor=1",
    "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
    "--disable-background-timer-throttling",
];

/// The program; `None` if tests in a browser are to be skipped.
pub(crate) fn chromium() -> Option<OsString> {
    let program = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty());
    if program.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci.is_empty()), "CHROMIUM is not set");
        // The test runner does not capture this stream.
        let test = std::thread::current().name().unwrap_or("a test of pages").to_owned();
        let _ = writeln!(std::io::stderr(), "skipped, CHROMIUM is not set: {test}");
    }
    program
}

impl Window {
    /// Opens a page in a window of this width; `None` if there is no browser, and the test is to be skipped.
    pub(crate) async fn open(url: &str, width: u32) -> Option<Window> {
        let mut window = Window::blank(width).await?;
        window.go(url).await;
        Some(window)
    }

    /// A window without a page.
    pub(crate) async fn blank(width: u32) -> Option<Window> {
        let program = chromium()?;
        let profile = tempfile::tempdir().unwrap();
        let config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(profile.path())
            .new_headless_mode()
            .no_sandbox()
            .disable_default_args()
            .args(ARGUMENTS.iter().copied())
            .viewport(None)
            .launch_timeout(PATIENCE)
            .request_timeout(PATIENCE)
            .build()
            .unwrap();
        let (browser, mut events) = Browser::launch(config).await.unwrap();
        // Messages of a newer protocol are not understood, and do not matter.
        let handler = tokio::spawn(async move { while events.next().await.is_some() {} });
        let page = browser.new_page("about:blank").await.unwrap();
        page.enable_log().await.unwrap();
        let console = page.event_listener().await.unwrap();
        let exceptions = page.event_listener().await.unwrap();
        let log = page.event_listener().await.unwrap();
        let window = Window { page, browser, handler, console, exceptions, log, _profile: profile };
        window.resize(width).await;
        Some(window)
    }

    /// Leads to a page and waits until its scripts have run.
    pub(crate) async fn go(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
        self.wait_for("document.readyState === 'complete'").await;
    }

    /// The same where no script runs that could be asked.
    pub(crate) async fn go_plainly(&mut self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    pub(crate) async fn resize(&self, width: u32) {
        self.page.execute(SetDeviceMetricsOverrideParams::new(i64::from(width), 800, 1.0, false)).await.unwrap();
    }

    pub(crate) async fn prefer_dark(&self) {
        let feature = MediaFeature::new("prefers-color-scheme", "dark");
        self.page.emulate_media_features(vec![feature]).await.unwrap();
    }

    pub(crate) async fn without_scripts(&self) {
        self.page.execute(SetScriptExecutionDisabledParams::new(true)).await.unwrap();
    }

    /// The value of an expression.
    pub(crate) async fn value(&self, expression: &str) -> Value {
        let evaluated = self.page.evaluate(EvaluateParams::from(expression)).await;
        evaluated.unwrap_or_else(|error| panic!("{expression}: {error}")).value().cloned().unwrap_or(Value::Null)
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({selector:?})?.innerText ?? ''")).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression is true. A page that is left for another one is asked again.
    #[track_caller]
    pub(crate) fn wait_for(&self, condition: &str) -> impl Future<Output = ()> + '_ {
        let caller = std::panic::Location::caller();
        let condition = condition.to_owned();
        async move {
            let script = format!(
                "new Promise((resolve) => {{ const look = () => {{ let met = false; try {{ met = Boolean({condition}); }} catch {{}} \
                 if (met) resolve(true); else setTimeout(look, 20); }}; look(); }})"
            );
            let waited = tokio::time::timeout(PATIENCE, async {
                loop {
                    let evaluate =
                        EvaluateParams::builder().expression(&script).await_promise(true).return_by_value(true);
                    if self
                        .page
                        .evaluate(evaluate.build().unwrap())
                        .await
                        .is_ok_and(|met| met.value() == Some(&Value::Bool(true)))
                    {
                        return;
                    }
                }
            });
            if waited.await.is_err() {
                panic!("{caller}: {condition} does not come true on {:?}", self.page.content().await);
            }
        }
    }

    /// Clicks an element as a mouse would.
    pub(crate) async fn click(&self, selector: &str) {
        self.wait_for(&format!("document.querySelector({selector:?})")).await;
        let element = self.page.find_element(selector).await.unwrap_or_else(|error| panic!("{selector}: {error}"));
        element.click().await.unwrap_or_else(|error| panic!("{selector}: {error}"));
    }

    /// Presses keys, one after the other: a letter or a name such as `ArrowDown`.
    pub(crate) async fn press(&self, keys: &[&str]) {
        for key in keys {
            let text = match *key {
                "Enter" => Some("\r"),
                key if key.chars().count() == 1 => Some(key),
                _ => None,
            };
            let code = match *key {
                "Enter" => 13,
                "Tab" => 9,
                "Escape" => 27,
                _ => 0,
            };
            for kind in [DispatchKeyEventType::KeyDown, DispatchKeyEventType::KeyUp] {
                let event =
                    DispatchKeyEventParams::builder().r#type(kind.clone()).key(*key).windows_virtual_key_code(code);
                let event = match text.filter(|_| kind == DispatchKeyEventType::KeyDown) {
                    Some(text) => event.text(text),
                    None => event,
                };
                self.page.execute(event.build().unwrap()).await.unwrap();
            }
        }
    }

    /// Presses one key after the other for a text.
    pub(crate) async fn write(&self, text: &str) {
        for letter in text.chars() {
            self.press(&[&letter.to_string()]).await;
        }
    }

    /// Gives a file to an input element.
    pub(crate) async fn choose_file(&self, selector: &str, path: &std::path::Path) {
        use chromiumoxide::cdp::browser_protocol::dom::SetFileInputFilesParams;
        let element = self.page.find_element(selector).await.unwrap();
        let mut files = SetFileInputFilesParams::new(vec![path.to_str().unwrap().to_owned()]);
        files.backend_node_id = Some(element.backend_node_id);
        self.page.execute(files).await.unwrap();
    }

    /// Closes the window. Fails if a script failed, if the console has an error or a warning, or if the page broke its policy.
    #[track_caller]
    pub(crate) fn close(self) -> impl Future<Output = ()> {
        self.close_after(&[])
    }

    /// The same, but messages with one of these texts are expected.
    #[track_caller]
    pub(crate) fn close_after(mut self, expected: &'static [&'static str]) -> impl Future<Output = ()> {
        let caller = std::panic::Location::caller();
        async move {
            let mut problems = self.problems().await;
            problems.retain(|problem| !expected.iter().any(|text| problem.contains(text)));
            self.browser.close().await.unwrap();
            self.browser.wait().await.unwrap();
            self.handler.abort();
            assert!(problems.is_empty(), "{caller}: the browser complains: {problems:#?}");
        }
    }

    async fn problems(&mut self) -> Vec<String> {
        // Events come in order, so all of the others have come when this one does.
        const LAST: &str = "that is all";
        self.value(&format!("console.debug({LAST:?})")).await;
        let mut problems = Vec::new();
        while let Some(event) = self.console.next().await {
            let arguments: Vec<String> =
                event.args.iter().filter_map(|argument| Some(argument.value.as_ref()?.to_string())).collect();
            if arguments == [format!("{LAST:?}")] {
                break;
            }
            problems.push(format!("console: {arguments:?}"));
        }
        while let Some(Some(event)) = self.exceptions.next().now_or_never() {
            problems.push(format!("exception: {:?}", event.exception_details));
        }
        while let Some(Some(event)) = self.log.next().now_or_never() {
            problems.push(format!("log: {:?} {} {:?}", event.entry.source, event.entry.text, event.entry.url));
        }
        problems
    }
}
