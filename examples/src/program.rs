//! The frame of `main`.

use std::error::Error;
use std::fmt::Display;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

/// Why a program cannot do its work.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Reads the command line and runs the program on a Tokio runtime.
///
/// Without options to run with, which is what `parse` gives when the user asks for help, it prints the help. The exit code is 2 if
/// the command line makes no sense, and 1 if the program fails; the reason goes to the standard error then.
pub fn run<O>(
    help: &str,
    parse: impl FnOnce(lexopt::Parser) -> Result<Option<O>, lexopt::Error>,
    program: impl AsyncFnOnce(O) -> Result<ExitCode, BoxError>,
) -> ExitCode {
    let options = match parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            say(help);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            complain(format_args!("{error}; --help shows the options"));
            return ExitCode::from(2);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let ended = runtime.map_err(BoxError::from).and_then(|runtime| runtime.block_on(program(options)));
    ended.unwrap_or_else(|error| {
        complain(error);
        ExitCode::FAILURE
    })
}

/// Prints a line. That nobody reads on, as behind `| head`, is no reason to stop.
pub fn say(line: impl Display) {
    let _ = writeln!(stdout(), "{line}");
}

fn complain(line: impl Display) {
    let _ = writeln!(stderr(), "error: {line}");
}
