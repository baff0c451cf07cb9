//! What is told of changes of the active span: the listener and the bridge of the process.
//!
//! Without either, each change costs one load, and so does each look at the stack.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::recorder::local::{Local, Token};
use crate::recorder::{bridge, listener};

static IN_USE: AtomicBool = AtomicBool::new(false);

/// Called once a hook is installed.
pub(super) fn use_from_now_on() {
    IN_USE.store(true, Ordering::Release);
}

#[inline(always)]
fn are_in_use() -> bool {
    IN_USE.load(Ordering::Relaxed)
}

/// Called before the stack of this thread is read or changed, while nothing is borrowed.
#[inline(always)]
pub(super) fn before(local: &Local) {
    if are_in_use() {
        bridge::sync(local);
    }
}

/// Called after a span was pushed, while nothing is borrowed.
#[inline(always)]
pub(super) fn entered(local: &Local, token: Token) {
    if are_in_use() {
        tell_entered(local, token);
    }
}

#[cold]
#[inline(never)]
fn tell_entered(local: &Local, token: Token) {
    listener::changed();
    bridge::entered(local, token);
}

/// Called after a span was popped, while nothing is borrowed.
#[inline(always)]
pub(super) fn left(token: Token) {
    if are_in_use() {
        tell_left(token);
    }
}

#[cold]
#[inline(never)]
fn tell_left(token: Token) {
    bridge::left(token);
    listener::changed();
}

/// Called after a span was closed that has others above it, or was left over by its owner.
#[cold]
pub(super) fn left_below(token: Token) {
    if are_in_use() {
        bridge::left(token);
    }
}
