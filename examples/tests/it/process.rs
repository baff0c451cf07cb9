//! A program in a child process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Killed on drop.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// Standard error, once it is closed.
    log: Option<thread::JoinHandle<String>>,
    /// The output that was read so far.
    pub(crate) printed: String,
}

/// A program without output for this long hangs.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(60);

/// Variables that change what a program does, and that may be set in the environment of the tests.
const REMOVED_VARIABLES: &[&str] = &[
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

    /// Also sets environment variables.
    pub(crate) fn start_with(executable: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Program {
        let mut command = Command::new(executable);
        command.args(arguments);
        REMOVED_VARIABLES.iter().for_each(|name| {
            command.env_remove(name);
        });
        // Wide enough for all span names.
        command.env("COLUMNS", "160").envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let log = thread::spawn(move || {
            let mut log = Vec::new();
            let _ = stderr.read_to_end(&mut log);
            String::from_utf8_lossy(&log).into_owned()
        });
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Program { child, lines, log: Some(log), printed: String::new() }
    }

    /// The address in the first line with `listening on http://…`.
    #[track_caller]
    pub(crate) fn address(&mut self) -> SocketAddr {
        self.address_of("")
    }

    /// The address in the line `… listening on http://…` that starts with `name`.
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

    /// Reads lines until one starts with `start`.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, start: &str) {
        while !self.printed.lines().any(|line| line.starts_with(start)) {
            assert!(self.line().is_some(), "the program ended without {start:?}:\n{}", self.printed);
        }
    }

    #[track_caller]
    fn line(&mut self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.lines.recv_timeout(OUTPUT_TIMEOUT) {
            Ok(line) => {
                self.printed.push_str(&line);
                self.printed.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the program hangs:\n{}", self.printed),
        }
    }

    /// Waits until the program ends. `printed` then holds its whole output.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> ExitStatus {
        while self.line().is_some() {}
        self.child.wait().unwrap()
    }

    /// What a program that has ended wrote to standard error.
    #[track_caller]
    pub(crate) fn logged(&mut self) -> String {
        self.log.take().expect("it is taken once").join().expect("reading does not panic")
    }

    /// Sends Ctrl-C and waits until the program ends.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        self.wait()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Fails if it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking()
            && let Some(Ok(log)) = self.log.take().map(thread::JoinHandle::join)
        {
            let _ = std::io::stderr().write_all(log.as_bytes());
        }
    }
}
