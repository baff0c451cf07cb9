//! The services: five ordinary axum applications, one of tonic, and one that is told over RabbitMQ where there is a broker. Hardly a
//! handler knows that it is traced: one adds the bank's excuse, and one tells what it packs.

pub(crate) mod cart;
pub(crate) mod catalog;
pub(crate) mod front_end;
mod offers;
pub(crate) mod order;
pub(crate) mod payment;
pub(crate) mod settlement;
pub(crate) mod shipping;
pub(crate) mod user;
