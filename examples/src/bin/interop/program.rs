//! The relay and the peers as child processes.

use std::fs::File;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use examples::BoxError;
use reqwest::Url;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// Killed on drop.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pub(crate) url: Url,
}

/// A virtual machine needs some time on a busy machine.
const START_TIMEOUT: Duration = Duration::from_secs(90);
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

impl Program {
    /// Starts a program, and waits for its line `listening on http://…`. Its errors go to a file.
    pub(crate) async fn start(program: &Path, arguments: &[&str], log: &Path) -> Result<Program, BoxError> {
        let name = program.display();
        let mut command = Command::new(program);
        command.args(arguments).env_remove("OTEL_PROPAGATORS").kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(log)?);
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        let mut lines = BufReader::new(stdout).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await? {
                if let Some((_, url)) = line.split_once("listening on ") {
                    return Ok::<_, BoxError>(Url::parse(url.trim())?);
                }
            }
            Err(format!("{name} ended before it listened, see {}", log.display()).into())
        };
        let url =
            timeout(START_TIMEOUT, listening).await.unwrap_or_else(|_| Err(format!("{name} does not listen").into()));
        // Read to the end, so that the program never blocks on a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Program { child, url: url? })
    }

    /// Asks the program to end, and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), BoxError> {
        if let Some(id) = self.child.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        timeout(STOP_TIMEOUT, self.child.wait()).await??;
        Ok(())
    }
}
