//! The servers that the shop uses, if there are any.

use std::fmt;

use lapin::uri::AMQPUri;

use crate::database::{DatabaseUrl, InvalidDatabaseUrl};

/// What the environment names, and what is done without where it names nothing.
#[derive(Clone, Default)]
pub(crate) struct Servers {
    pub(crate) catalog: DatabaseUrl,
    pub(crate) orders: DatabaseUrl,
    broker: Option<String>,
    kafka: Option<String>,
}

impl Servers {
    /// With the database that the command line names for both.
    pub(crate) fn of_environment(database: Option<DatabaseUrl>) -> Result<Servers, InvalidDatabaseUrl> {
        let given = |name| std::env::var(name).ok().filter(|url| !url.trim().is_empty());
        let (broker, kafka) = (given("AMQP_URL"), given("KAFKA_BROKERS"));
        if let Some(database) = database {
            return Ok(Servers { catalog: database.clone(), orders: database, broker, kafka });
        }
        let parsed = |url: Option<String>| url.map(|url| url.parse::<DatabaseUrl>()).transpose();
        let (postgres, mysql) = (parsed(given("POSTGRES_URL"))?, parsed(given("MYSQL_URL"))?);
        // Each has something to do where there are two.
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

    /// A line about shipping.
    pub(crate) fn shipping_note(&self) -> String {
        let note = match self.broker().map(str::parse::<AMQPUri>) {
            None => "is not told of orders: AMQP_URL=amqp://… lets RabbitMQ do that".to_owned(),
            Some(Ok(AMQPUri { authority, .. })) => {
                format!("is told by RabbitMQ at {}:{}", authority.host, authority.port)
            }
            Some(Err(_)) => "is told by RabbitMQ".to_owned(),
        };
        format!("{:<10} {note}", "shipping")
    }
}

/// There may be a password in the broker's address.
impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers").field("catalog", &self.catalog).field("orders", &self.orders).finish_non_exhaustive()
    }
}
