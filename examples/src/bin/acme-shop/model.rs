//! The messages between services, as JSON.

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

/// A product of AcmeShop.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Product {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price: Cents,
}

/// A product and its number of sales.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Bestseller {
    pub(crate) product: Product,
    pub(crate) sold: i64,
}

/// One product in a cart, and its quantity.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

/// A request to order the user's cart and pay it with the card.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) user: String,
    pub(crate) card: String,
}

/// A placed and paid order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) number: i64,
    pub(crate) total: Cents,
    pub(crate) receipt: String,
}

/// The event published for a placed order.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PlacedOrder {
    pub(crate) number: i64,
    pub(crate) receipt: String,
}

/// A parcel to ship.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Parcel {
    pub(crate) order: i64,
    pub(crate) customer: String,
    pub(crate) lines: Vec<Line>,
}

/// A request to charge a card.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) card: String,
    pub(crate) amount: Cents,
}

/// The confirmation of a payment.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Receipt {
    pub(crate) reference: String,
}
