//! What customers want.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, Url};

/// What a customer wants, and what the shop must answer.
pub(crate) struct Errand {
    pub(crate) what: &'static str,
    path: &'static str,
    /// Content of a form to be posted; none is a page to be looked at.
    form: &'static [(&'static str, &'static str)],
    status: StatusCode,
    content: &'static str,
}

/// How it went.
pub(crate) struct Outcome {
    pub(crate) status: Option<StatusCode>,
    pub(crate) took: Duration,
    pub(crate) as_expected: bool,
}

pub(crate) const ERRANDS: &[Errand] = &[
    look("browse", "/", StatusCode::OK, "Rocket skates"),
    look("search", "/search?q=tea", StatusCode::OK, "2 found for “tea”"),
    look("look at a product", "/products/teapot", StatusCode::OK, "€ 24.50"),
    buy("buy", &[("user", "ada"), ("sku", "teapot"), ("quantity", "2")], StatusCode::OK, "€ 49.00 paid"),
    look("an unknown product", "/products/unicorn", StatusCode::NOT_FOUND, "there is no product named unicorn"),
    buy(
        "a payment that fails",
        &[("user", "bob"), ("sku", "anvil")],
        StatusCode::BAD_GATEWAY,
        "the bank does not answer",
    ),
    look("a slow query", "/bestsellers", StatusCode::OK, "sold"),
];

const fn look(what: &'static str, path: &'static str, status: StatusCode, content: &'static str) -> Errand {
    Errand { what, path, form: &[], status, content }
}

const fn buy(
    what: &'static str,
    form: &'static [(&'static str, &'static str)],
    status: StatusCode,
    content: &'static str,
) -> Errand {
    Errand { what, path: "/buy", form, status, content }
}

impl Errand {
    pub(crate) fn method(&self) -> &'static str {
        if self.form.is_empty() { "GET" } else { "POST" }
    }

    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    pub(crate) async fn run(&self, client: &Client, shop: &Url) -> Outcome {
        let begun = Instant::now();
        let answer = self.send(client, shop).await;
        let took = begun.elapsed();
        let as_expected =
            answer.as_ref().is_ok_and(|(status, page)| *status == self.status && page.contains(self.content));
        Outcome { status: answer.ok().map(|(status, _)| status), took, as_expected }
    }

    async fn send(&self, client: &Client, shop: &Url) -> Result<(StatusCode, String), Box<dyn std::error::Error>> {
        let url = shop.join(self.path)?;
        let request = if self.form.is_empty() { client.get(url) } else { client.post(url).form(self.form) };
        let answer = request.send().await?;
        Ok((answer.status(), answer.text().await?))
    }
}
