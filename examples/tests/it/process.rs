//! A program that runs as a child process.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Killed when it is dropped while it runs.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// What it has printed, as far as it was looked at.
    pub(crate) printed: String,
}

/// A program that says nothing for so long hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Variables that say how a program traces, or which servers it uses, which may be set where tests run.
const OF_THE_TESTS: &[&str] = &[
    "AMQP_URL",
    "INSTANA_AGENT_HOST",
    "INSTANA_AGENT_KEY",
    "INSTANA_AGENT_PORT",
    "INSTANA_ENDPOINT_URL",
    "JAEGER_AGENT_HOST",
    "JAEGER_AGENT_PORT",
    "JAEGER_ENDPOINT",
    "JAEGER_URL",
    "KAFKA_BROKERS",
    "MYSQL_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_PROTOCOL",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
    "OTEL_PROPAGATORS",
    "OTLP_URL",
    "POSTGRES_URL",
    "ZIPKIN_URL",
];

impl Program {
    pub(crate) fn start(executable: &str, arguments: &[&str]) -> Program {
        Self::start_with(executable, arguments, &[])
    }

    /// With these variables in its environment too.
    pub(crate) fn start_with(executable: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Program {
        let mut command = Command::new(executable);
        command.args(arguments);
        OF_THE_TESTS.iter().for_each(|name| {
            command.env_remove(name);
        });
        // Wide enough that no name of a span is cut.
        command.env("COLUMNS", "160").envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Program { child, lines, printed: String::new() }
    }

    /// The address in its first line `listening on http://…`.
    #[track_caller]
    pub(crate) fn address(&mut self) -> SocketAddr {
        self.address_of("")
    }

    /// The address in its line `… listening on http://…` that begins with that name.
    #[track_caller]
    pub(crate) fn address_of(&mut self, name: &str) -> SocketAddr {
        loop {
            let mut lines = self.printed.lines().filter(|line| line.starts_with(name));
            if let Some((_, address)) = lines.find_map(|line| line.split_once("listening on http://")) {
                return address.parse().unwrap();
            }
            assert!(self.line().is_some(), "the program ended without listening:\n{}", self.printed);
        }
    }

    #[track_caller]
    fn line(&mut self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.printed.push_str(&line);
                self.printed.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the program hangs:\n{}", self.printed),
        }
    }

    /// Waits for its end. What it has printed is in `printed` then.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        while self.line().is_some() {}
        self.child.wait().unwrap()
    }

    /// Presses Ctrl-C, and waits for its end.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.wait()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails if it has ended, which is what should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
