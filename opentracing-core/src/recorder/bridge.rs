//! The calls to a bridge between the active spans of threads and the active contexts of another system.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::recorder::hooks;
use crate::recorder::local::{Local, Token};
use crate::recorder::shared::Shared;
use crate::recorder::state::State;

/// A bridge, as this room sees it.
pub(crate) trait Bridge: Send + Sync + 'static {
    fn sync(&self, local: &Local);
    fn entered(&self, token: Token, span: Arc<Shared>);
    fn left(&self, token: Token);
}

static BRIDGE: OnceLock<Box<dyn Bridge>> = OnceLock::new();

thread_local! {
    static IS_CALLED: Cell<bool> = const { Cell::new(false) };
}

/// Installs the bridge of the process. Returns whether there was none.
pub(crate) fn set(bridge: Box<dyn Bridge>) -> bool {
    let is_first = BRIDGE.set(bridge).is_ok();
    if is_first {
        hooks::use_from_now_on();
    }
    is_first
}

#[cold]
#[inline(never)]
pub(super) fn sync(local: &Local) {
    call(|bridge| bridge.sync(local));
}

pub(super) fn entered(local: &Local, token: Token) {
    call(|bridge| {
        if let Some(span) = local.with_state(token, State::share).flatten() {
            bridge.entered(token, span);
        }
    });
}

pub(super) fn left(token: Token) {
    call(|bridge| bridge.left(token));
}

/// A bridge must not fail what is traced, and a scope may be closed by a panic. What the bridge itself activates is not told to it.
fn call(f: impl FnOnce(&dyn Bridge)) {
    let Some(bridge) = BRIDGE.get() else { return };
    if IS_CALLED.try_with(|is_called| is_called.replace(true)).unwrap_or(true) {
        return;
    }
    let _ = catch_unwind(AssertUnwindSafe(|| f(&**bridge)));
    let _ = IS_CALLED.try_with(|is_called| is_called.set(false));
}
