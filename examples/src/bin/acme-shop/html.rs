//! The HTML pages. All external text goes through [`escape`].

use std::fmt::Write;

use crate::model::{Bestseller, Order, Product};

pub(crate) fn home(products: &[Product], in_cart: u64) -> String {
    page(&format!(
        "<form action=\"/search\"><input name=\"q\" placeholder=\"Search\"> <button>Search</button> \
         <a href=\"/bestsellers\">Bestsellers</a> · in your cart: {in_cart}</form>{}",
        table(products)
    ))
}

pub(crate) fn found(words: &str, products: &[Product]) -> String {
    page(&format!("<p>{} found for “{}”</p>{}", products.len(), escape(words), table(products)))
}

pub(crate) fn product(product: &Product) -> String {
    page(&format!("<p>The best there is in its class.</p>{}", table(std::slice::from_ref(product))))
}

pub(crate) fn bestsellers(bestsellers: &[Bestseller]) -> String {
    let mut items = String::new();
    for Bestseller { product, sold } in bestsellers {
        let _ = write!(items, "<li>{}, sold {sold} times</li>", escape(&product.name));
    }
    page(&format!("<ol>{items}</ol>"))
}

pub(crate) fn thanks(name: &str, order: &Order) -> String {
    let (name, receipt) = (escape(name), escape(&order.receipt));
    page(&format!(
        "<p>Thank you, {name}! Order {} is on its way. {} paid, receipt {receipt}.</p>",
        order.number, order.total
    ))
}

pub(crate) fn sorry(reason: &str) -> String {
    page(&format!("<p>Sorry: {}.</p>", escape(reason)))
}

fn table(products: &[Product]) -> String {
    let mut rows = String::new();
    for product in products {
        let (sku, name) = (escape(&product.sku), escape(&product.name));
        let _ = write!(
            rows,
            "<tr><td><a href=\"/products/{sku}\">{name}</a><td>{}<td><form method=\"post\" action=\"/buy\">\
             <input type=\"hidden\" name=\"sku\" value=\"{sku}\">\
             <button name=\"user\" value=\"ada\">Buy as Ada</button> \
             <button name=\"user\" value=\"bob\">Buy as Bob</button></form>",
            product.price
        );
    }
    format!("<table>{rows}</table>")
}

fn page(content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>AcmeShop</title>\
         <style>body{{font-family:sans-serif;max-width:42rem;margin:2rem auto}}td{{padding:.2rem 1rem .2rem 0}}</style>\
         <h1><a href=\"/\">AcmeShop</a></h1>{content}"
    )
}

/// Escapes text for elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
