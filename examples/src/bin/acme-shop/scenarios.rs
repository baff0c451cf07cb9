//! The scenarios that customers run through.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode, Url};

/// A request of a customer, and the expected response.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    path: &'static str,
    /// The form to post. Empty for a page to get.
    form: &'static [(&'static str, &'static str)],
    status: StatusCode,
    content: &'static str,
}

/// The response to a scenario.
pub(crate) struct Outcome {
    pub(crate) status: Option<StatusCode>,
    pub(crate) took: Duration,
    pub(crate) as_expected: bool,
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    get("browse", "/", StatusCode::OK, "Rocket skates"),
    get("search", "/search?q=tea", StatusCode::OK, "2 found for “tea”"),
    get("view a product", "/products/teapot", StatusCode::OK, "€ 24.50"),
    purchase("buy", &[("user", "ada"), ("sku", "teapot"), ("quantity", "2")], StatusCode::OK, "€ 49.00 paid"),
    get("an unknown product", "/products/unicorn", StatusCode::NOT_FOUND, "there is no product named unicorn"),
    purchase(
        "a failed payment",
        &[("user", "bob"), ("sku", "anvil")],
        StatusCode::BAD_GATEWAY,
        "the bank does not respond",
    ),
    get("a slow query", "/bestsellers", StatusCode::OK, "sold"),
];

const fn get(name: &'static str, path: &'static str, status: StatusCode, content: &'static str) -> Scenario {
    Scenario { name, path, form: &[], status, content }
}

const fn purchase(
    name: &'static str,
    form: &'static [(&'static str, &'static str)],
    status: StatusCode,
    content: &'static str,
) -> Scenario {
    Scenario { name, path: "/buy", form, status, content }
}

impl Scenario {
    pub(crate) fn method(&self) -> &'static str {
        if self.form.is_empty() { "GET" } else { "POST" }
    }

    pub(crate) fn path(&self) -> &'static str {
        self.path
    }

    pub(crate) async fn run(&self, client: &Client, shop: &Url) -> Outcome {
        let started = Instant::now();
        let response = self.send(client, shop).await;
        let took = started.elapsed();
        let as_expected =
            response.as_ref().is_ok_and(|(status, page)| *status == self.status && page.contains(self.content));
        Outcome { status: response.ok().map(|(status, _)| status), took, as_expected }
    }

    async fn send(&self, client: &Client, shop: &Url) -> Result<(StatusCode, String), Box<dyn std::error::Error>> {
        let url = shop.join(self.path)?;
        let request = if self.form.is_empty() { client.get(url) } else { client.post(url).form(self.form) };
        let response = request.send().await?;
        Ok((response.status(), response.text().await?))
    }
}
