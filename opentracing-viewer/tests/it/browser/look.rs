use opentracing_viewer::Viewer;

use super::Window;
use crate::pages::hostile;
use crate::sample;

fn pages() -> Vec<String> {
    let trace = format!("traces/{}?span=0000000000000004", sample::trace_id(1));
    let operation = "operation?service=shop&operation=GET&kind=client".to_owned();
    let others = ["services", "operations", "health", "?status=failed"].map(str::to_owned);
    [vec![String::new(), operation], others.to_vec(), vec![trace]].concat()
}

#[tokio::test]
async fn fits_narrow_and_wide_windows_in_light_and_dark() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(sample::checkout(1));
    let Some(mut window) = Window::blank(1600).await else { return };
    for dark in [false, true] {
        if dark {
            window.prefer_dark().await;
        }
        for width in [1600, 400] {
            window.resize(width).await;
            for page in pages() {
                window.go(&format!("{}{page}", viewer.url())).await;
                let overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
                assert_eq!(window.value(overflow).await, 0, "/{page} at {width}");
                let colour = window.value("getComputedStyle(document.body).backgroundColor").await;
                assert_eq!(colour, if dark { "rgb(20, 23, 28)" } else { "rgb(255, 255, 255)" }, "/{page}");
            }
        }
    }
    window.close().await;
}

#[tokio::test]
async fn remembers_the_theme() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    let Some(mut window) = Window::open(&format!("{}?text=a", viewer.url()), 1600).await else { return };
    let colour = "getComputedStyle(document.body).backgroundColor";
    window.click(".theme [value=dark]").await;
    window.wait_for("document.documentElement.dataset.theme === 'dark' && location.search === '?text=a'").await;
    assert_eq!(window.value(colour).await, "rgb(20, 23, 28)");
    window.prefer_dark().await;
    window.click(".theme [value=light]").await;
    window.wait_for("document.documentElement.dataset.theme === 'light'").await;
    window.go(&viewer.url()).await;
    assert_eq!(window.value(colour).await, "rgb(255, 255, 255)");
    window.close().await;
}

#[tokio::test]
async fn runs_no_script_of_a_span() {
    let viewer = Viewer::bind("127.0.0.1:0").unwrap();
    viewer.store().insert(hostile::trace());
    let Some(mut window) = Window::blank(1600).await else { return };
    for page in pages() {
        window.go(&format!("{}{page}", viewer.url())).await;
        assert_eq!(window.value("window.broken").await, serde_json::Value::Null, "/{page}");
    }
    window.wait_for("document.documentElement.dataset.drawn").await;
    for row in 0..hostile::TEXTS.len() {
        window.click(&format!("#row-{row} a")).await;
        window.wait_for(&format!("document.querySelector('.details')?.dataset.row === '{row}'")).await;
        assert_eq!(window.value("window.broken").await, serde_json::Value::Null, "row {row}");
    }
    window.close().await;
}
