use opentracing_viewer::Viewer;

use super::Window;
use crate::sample;

#[tokio::test]
async fn walks_through_a_trace() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let url = format!("{}traces/{}", viewer.url(), sample::trace_id(1));
    let Some(window) = Window::open(&url, 1600).await else { return };
    window.wait_for("document.documentElement.dataset.drawn").await;
    let selected = |row: i32| format!("document.querySelector('.row[aria-selected=true]').dataset.row === '{row}'");
    for (keys, row) in [
        (&["j", "j"][..], 1),
        (&["ArrowDown"], 2),
        (&["k", "ArrowUp"], 0),
        (&["l", "ArrowRight"], 2),
        (&["End"], 5),
        (&["Home"], 0),
        (&["e"], 3),
        (&["e"], 0),
        (&["E"], 3),
        (&["h"], 2),
        (&["h", "h"], 1),
    ] {
        window.press(keys).await;
        window.wait_for(&selected(row)).await;
        let active = window.value("document.querySelector('#rows').getAttribute('aria-activedescendant')").await;
        assert_eq!(active, format!("row-{row}"), "after {keys:?}");
    }
    assert_eq!(window.value("document.activeElement.id").await, "rows");
    // The children of row 2 were folded on the way.
    window.wait_for("document.querySelector('#row-3') === null").await;

    window.press(&["Enter"]).await;
    window.wait_for("document.querySelector('.details')?.dataset.row === '1'").await;
    window.press(&["Escape"]).await;
    window.wait_for("document.querySelector('#panel').hidden").await;

    window.press(&["/"]).await;
    window.write("items").await;
    window.wait_for("document.querySelector('#find-count').value === '1 of 3'").await;
    window.press(&["Escape", "n"]).await;
    window.wait_for(&selected(2)).await;
    window.press(&["n"]).await;
    window.wait_for(&selected(3)).await;
    window.press(&["p"]).await;
    window.wait_for(&selected(2)).await;

    window.press(&["z"]).await;
    window.wait_for("!document.querySelector('#zoom-out').hidden").await;
    window.press(&["0"]).await;
    window.wait_for("document.querySelector('#zoom-out').hidden").await;

    window.press(&["?"]).await;
    window.wait_for("document.querySelector('#help').open").await;
    window.press(&["Escape"]).await;
    window.wait_for("!document.querySelector('#help').open").await;
    window.close().await;
}

#[tokio::test]
async fn reaches_everything_by_tab() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let Some(window) = Window::open(&viewer.url(), 1600).await else { return };
    window.value("window.reached = new Set(); document.addEventListener('focusin', (event) => reached.add(event.target.name || event.target.id || event.target.textContent.trim()))").await;
    for _ in 0..40 {
        window.press(&["Tab"]).await;
    }
    for name in ["Live", "Health", "to", "text", "service", "status", "min", "tags", "trace", "auto", "zone"] {
        window.wait_for(&format!("reached.has({name:?})")).await;
    }
    let link = "document.querySelector('tr[data-trace] a')";
    window.value(&format!("{link}.focus()")).await;
    assert_eq!(window.value(&format!("getComputedStyle({link}).outlineStyle")).await, "solid", "the focus can be seen");
    window.press(&["Enter"]).await;
    window.wait_for("location.pathname.startsWith('/traces/')").await;
    window.wait_for("document.documentElement.dataset.drawn").await;
    window.close().await;
}
