//! The external servers that the shop uses.

use std::fmt;

use lapin::uri::AMQPUri;

use crate::database::{DatabaseUrl, InvalidDatabaseUrl};

/// Addresses from the command line and the environment.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    pub(crate) catalog: DatabaseUrl,
    pub(crate) orders: DatabaseUrl,
    broker: Option<String>,
    kafka: Option<String>,
}

impl Servers {
    /// Reads the environment. `database` is the URL from the command line, for both databases.
    pub(crate) fn from_env(database: Option<DatabaseUrl>) -> Result<Servers, InvalidDatabaseUrl> {
        let variable = |name| std::env::var(name).ok().filter(|url| !url.trim().is_empty());
        let (broker, kafka) = (variable("AMQP_URL"), variable("KAFKA_BROKERS"));
        if let Some(database) = database {
            return Ok(Servers { catalog: database.clone(), orders: database, broker, kafka });
        }
        let parsed = |url: Option<String>| url.map(|url| url.parse::<DatabaseUrl>()).transpose();
        let (postgres, mysql) = (parsed(variable("POSTGRES_URL"))?, parsed(variable("MYSQL_URL"))?);
        // With two databases, each is used.
        let catalog = postgres.clone().or(mysql.clone()).unwrap_or_default();
        let orders = mysql.or(postgres).unwrap_or_default();
        Ok(Servers { catalog, orders, broker, kafka })
    }

    /// The address of RabbitMQ.
    pub(crate) fn broker(&self) -> Option<&str> {
        self.broker.as_deref()
    }

    /// The addresses of Kafka.
    pub(crate) fn kafka(&self) -> Option<&str> {
        self.kafka.as_deref()
    }

    /// A line of output about shipping.
    pub(crate) fn shipping_note(&self) -> String {
        let note = match self.broker().map(str::parse::<AMQPUri>) {
            None => "off; set AMQP_URL=amqp://… to publish parcels through RabbitMQ".to_owned(),
            Some(Ok(AMQPUri { authority, .. })) => {
                format!("consumes from RabbitMQ at {}:{}", authority.host, authority.port)
            }
            Some(Err(_)) => "consumes from RabbitMQ".to_owned(),
        };
        format!("{:<10} {note}", "shipping")
    }
}

/// Hides the address of the broker, which may hold a password.
impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("catalog", &self.catalog).field("orders", &self.orders).finish_non_exhaustive()
    }
}
