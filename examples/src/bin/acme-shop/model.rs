//! What the services tell each other, as JSON.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Cents(pub(crate) i64);

impl fmt::Display for Cents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "€ {}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// Something that AcmeShop sells.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price: Cents,
}

/// A product and how often it was sold.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bestseller {
    pub(crate) product: Product,
    pub(crate) sold: i64,
}

/// So many of one product, in somebody's cart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// Asks for everything in the user's cart to be ordered and paid with that card.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) user: String,
    pub(crate) card: String,
}

/// An order that is placed and paid.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: i64,
    pub(crate) total: Cents,
    pub(crate) receipt: String,
}

/// What whoever wants to know is told of an order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlacedOrder {
    pub(crate) number: i64,
    pub(crate) receipt: String,
}

/// What is to be shipped.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) order: i64,
    pub(crate) customer: String,
    pub(crate) lines: Vec<Line>,
}

/// Asks for an amount of money.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) card: String,
    pub(crate) amount: Cents,
}

/// Says that the money is there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) reference: String,
}
