//! The spool.

use std::io;

use crate::env::variables::Variables;
use crate::spool::{Spool, SpoolMode};

const FOLDER: &str = "OPENTRACING_SPOOL";
const MODE: &str = "OPENTRACING_SPOOL_MODE";
const MAX_BYTES: &str = "OPENTRACING_SPOOL_MAX_BYTES";

/// Opens the spool in the folder that `OPENTRACING_SPOOL` names, for a transport. If that fails, the transport goes on without one.
pub(crate) fn open(variables: &mut Variables<'_>, open: impl FnOnce(&Spool) -> io::Result<()>) {
    let Some(spool) = read(variables) else { return };
    if let Err(error) = open(&spool) {
        variables.warn(FOLDER, format_args!("cannot be used ({error})"), "keeping spans in memory");
    }
}

fn read(variables: &mut Variables<'_>) -> Option<Spool> {
    let Some(folder) = variables.get(FOLDER) else {
        for name in [MODE, MAX_BYTES] {
            if variables.is_set(name) {
                variables.warn(name, format_args!("is set without {FOLDER}"), "ignoring it");
            }
        }
        return None;
    };
    let mode = match variables.is_second(MODE, ["on_failure", "before_sending"]) {
        true => SpoolMode::BeforeSending,
        false => SpoolMode::OnFailure,
    };
    let spool = Spool::new(folder).mode(mode);
    Some(match variables.parsed(MAX_BYTES, "number of bytes", "using 268435456") {
        Some(bytes) => spool.max_bytes(bytes),
        None => spool,
    })
}
