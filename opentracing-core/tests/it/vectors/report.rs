//! What a run has found, all of it before anything panics.

use std::collections::BTreeSet;
use std::fmt::{Debug, Write as _};

use serde_json::Value;

#[derive(Default)]
pub(super) struct Report {
    file: String,
    counts: Vec<(String, usize)>,
    left_out: BTreeSet<String>,
    pub(super) failures: Vec<String>,
}

impl Report {
    pub(super) fn begin(&mut self, file: &str) {
        self.file = file.to_owned();
        self.counts.push((file.to_owned(), 0));
    }

    /// The list of that name in the file, each entry of which counts as a case.
    pub(super) fn list<'a>(&mut self, file: &'a Value, name: &str) -> &'a [Value] {
        let list = file[name].as_array().map_or(&[][..], Vec::as_slice);
        if let Some((_, count)) = self.counts.last_mut() {
            *count += list.len();
        }
        list
    }

    pub(super) fn leave_out(&mut self, what: String) {
        self.left_out.insert(what);
    }

    /// Takes back a case that `list` has counted.
    pub(super) fn leave_out_case(&mut self, what: &str) {
        if let Some((_, count)) = self.counts.last_mut() {
            *count -= 1;
        }
        self.leave_out(format!("{}: {what}", self.file));
    }

    pub(super) fn fail(&mut self, id: &str, basis: &str, what: &str) {
        self.failures.push(format!("{} {id} [{basis}]: {what}", self.file));
    }

    pub(super) fn cases(&self) -> usize {
        self.counts.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn summary(&self, folder: &str) -> String {
        let mut out = format!("vectors in {folder}:");
        for (file, count) in &self.counts {
            let _ = write!(out, " {file} {count}");
        }
        out.push('\n');
        for what in &self.left_out {
            let _ = writeln!(out, "vectors left out: {what}");
        }
        out
    }

    pub(super) fn case<'a>(&'a mut self, case: &'a Value, carrier: &'a str) -> Case<'a> {
        let id = case["id"].as_str().or(case["tracer"].as_str()).unwrap_or("?");
        let why = case["basis"].as_str().or(case["why_different"].as_str()).or(case["note"].as_str()).unwrap_or("");
        Case { report: self, id, why, carrier }
    }
}

/// One case on one kind of carrier.
pub(super) struct Case<'a> {
    report: &'a mut Report,
    id: &'a str,
    why: &'a str,
    carrier: &'a str,
}

impl Case<'_> {
    pub(super) fn fail(&mut self, what: &str) {
        let what = format!("on {}: {what}", self.carrier);
        self.report.fail(self.id, self.why, &what);
    }

    pub(super) fn equal<T: PartialEq + Debug>(&mut self, what: &str, actual: T, expected: T) {
        if actual != expected {
            self.fail(&format!("{what} is {actual:?} and should be {expected:?}"));
        }
    }

    pub(super) fn check(&mut self, what: &str, holds: bool) {
        if !holds {
            self.fail(what);
        }
    }

    /// Names the keys that no check is written for.
    pub(super) fn known_keys(&mut self, object: &Value, known: &[&str]) {
        for key in object.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !known.contains(&key.as_str()) {
                self.report.leave_out(format!("{}: what {key:?} of {:?} expects", self.report.file, self.id));
            }
        }
    }
}
