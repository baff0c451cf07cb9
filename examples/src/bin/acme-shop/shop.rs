//! Starts the shop: each service has its own name, tracer and port, and one consumes from a broker.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use examples::{BoxError, Server};
use opentracing_core::Tracer;
use opentracing_reqwest::TracingClient;
use opentracing_tonic::{TracingChannel, TracingClientLayer};
use opentracing_tower::TracingLayer;
use reqwest::Url;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

use crate::ledger::Ledger;
use crate::logging;
use crate::parcels::Parcels;
use crate::products::Products;
use crate::servers::Servers;
use crate::services::front_end::{self, FrontEnd};
use crate::services::order::{self, Orders};
use crate::services::settlement::Settlement;
use crate::services::shipping::{self, Shipping};
use crate::services::{cart, catalog, payment, user};
use crate::topic::Topic;
use crate::tracers::Tracers;
use crate::upstream::Upstream;
use crate::users::users_client::UsersClient;

/// The running services.
pub(crate) struct Shop {
    /// The URL for customers; `None` for a back end.
    pub(crate) front_end: Option<Url>,
    /// Callers come before the services that they call.
    pub(crate) services: Vec<(&'static str, SocketAddr)>,
    /// A line of output about shipping.
    pub(crate) shipping_note: String,
    servers: Vec<Server>,
    shipping: Option<Shipping>,
    settlement: Settlement,
}

impl Shop {
    /// Starts all services. The front-end listens on this address, on any free port if the port is 0. With the address of a cart elsewhere, starts
    /// only the back end: neither front-end nor user nor cart.
    pub(crate) async fn open(
        tracers: &mut Tracers,
        address: SocketAddr,
        back_end: Option<Url>,
        external: &Servers,
    ) -> Result<Shop, BoxError> {
        let (front, cart_url) = match back_end {
            None => {
                let front = Front::new(address, tracers).await?;
                let cart_url = front.cart.url()?;
                (Some(front), cart_url)
            }
            Some(elsewhere) => (None, elsewhere),
        };
        let order = Binding::new("order", tracers).await?;
        let payment = Binding::new("payment", tracers).await?;
        let catalog = Binding::new("catalog", tracers).await?;

        logging::start(&catalog.tracer, &payment.tracer)?;

        let no_database = |error| format!("cannot open the database: {error}");
        let ledger = Ledger::open(&external.orders, order.tracer.clone()).await.map_err(no_database)?;
        let products = Products::open(&external.catalog, catalog.tracer.clone()).await.map_err(no_database)?;
        let no_broker = |error| format!("cannot use RabbitMQ: {error}");
        let in_flight = &tracers.in_flight;
        let parcels =
            Parcels::open(external.broker(), order.tracer.clone(), in_flight.clone()).await.map_err(no_broker)?;
        let no_kafka = |error| format!("cannot use Kafka: {error}");
        let topic = Topic::open(external.kafka(), order.tracer.clone(), in_flight.clone()).map_err(no_kafka)?;
        let settlement = Settlement::start(&topic.brokers, payment.tracer.clone(), in_flight.clone()).await?;
        let order_routes = order::router(Orders {
            cart: order.upstream_at("cart", cart_url)?,
            catalog: order.upstream(&catalog)?,
            payment: order.upstream(&payment)?,
            ledger,
            topic,
            parcels,
        });
        let payment_routes = payment::router();

        let shipping = match external.broker() {
            Some(url) => {
                let (in_flight, tracer) = (tracers.in_flight.clone(), tracers.start(shipping::NAME)?);
                Some(Shipping::start(url, tracer, in_flight).await.map_err(no_broker)?)
            }
            None => None,
        };

        let mut shop = Shop {
            front_end: None,
            services: Vec::new(),
            shipping_note: external.shipping_note(),
            servers: Vec::new(),
            shipping,
            settlement,
        };
        let called = front.map(|front| shop.start_front_end(front, &catalog, &order)).transpose()?;
        shop.start(order, order_routes);
        if let Some((cart, user)) = called {
            shop.start_cart(cart)?;
            shop.start_user(user);
        }
        shop.start(payment, payment_routes);
        shop.start(catalog, catalog::router(products));
        Ok(shop)
    }

    /// Returns cart and user, which start after their callers.
    fn start_front_end(
        &mut self,
        front: Front,
        catalog: &Binding,
        order: &Binding,
    ) -> Result<(Binding, Binding), BoxError> {
        let Front { front_end, user, cart } = front;
        let routes = front_end::router(FrontEnd {
            catalog: front_end.upstream(catalog)?,
            user: front_end.users(&user)?,
            cart: front_end.upstream(&cart)?,
            order: front_end.upstream(order)?,
        });
        self.front_end = Some(front_end.url()?);
        self.start(front_end, routes);
        Ok((cart, user))
    }

    /// One layer is all that it takes to trace an HTTP server.
    fn start(&mut self, binding: Binding, routes: Router) {
        let traced = routes.layer(TracingLayer::with_tracer(binding.tracer));
        self.services.push((binding.name, binding.address));
        self.servers.push(Server::start(binding.listener, traced));
    }

    /// This service is traced by a library for OpenTelemetry, whose API our tracer serves.
    fn start_cart(&mut self, binding: Binding) -> Result<(), BoxError> {
        opentracing_opentelemetry::install(&binding.tracer)?;
        let traced = cart::router().layer(opentelemetry_instrumentation_tower::http::server::Layer::new());
        self.services.push((binding.name, binding.address));
        self.servers.push(Server::start(binding.listener, traced));
        Ok(())
    }

    /// The same for a gRPC server.
    fn start_user(&mut self, binding: Binding) {
        let traced = opentracing_tonic::TracingLayer::with_tracer(binding.tracer);
        let router = tonic::transport::Server::builder().layer(traced).add_service(user::service());
        self.services.push((binding.name, binding.address));
        // As `serve` does. Without it, the first response waits for a TCP acknowledgement of the client.
        let incoming = TcpIncoming::from(binding.listener).with_nodelay(Some(true));
        self.servers.push(Server::run(|stopped| router.serve_with_incoming_shutdown(incoming, stopped)));
    }

    /// Stops the front-end before the services that it calls.
    pub(crate) async fn close(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.settlement.stop().await;
        if let Some(shipping) = self.shipping {
            shipping.stop().await;
        }
    }
}

/// The services that customers reach first, and that a back end lacks.
struct Front {
    front_end: Binding,
    user: Binding,
    cart: Binding,
}

impl Front {
    async fn new(address: SocketAddr, tracers: &mut Tracers) -> Result<Front, BoxError> {
        Ok(Front {
            front_end: Binding::on(address, front_end::NAME, tracers).await?,
            user: Binding::new("user", tracers).await?,
            cart: Binding::new("cart", tracers).await?,
        })
    }
}

/// A service before it starts.
struct Binding {
    name: &'static str,
    tracer: Tracer,
    listener: TcpListener,
    address: SocketAddr,
}

impl Binding {
    /// On any free port of loopback.
    async fn new(name: &'static str, tracers: &mut Tracers) -> Result<Binding, BoxError> {
        Self::on((Ipv4Addr::LOCALHOST, 0).into(), name, tracers).await
    }

    async fn on(address: SocketAddr, name: &'static str, tracers: &mut Tracers) -> Result<Binding, BoxError> {
        let listener =
            TcpListener::bind(address).await.map_err(|error| format!("{name} cannot listen on {address}: {error}"))?;
        Ok(Binding { name, tracer: tracers.start(name)?, address: listener.local_addr()?, listener })
    }

    fn url(&self) -> Result<Url, BoxError> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }

    fn upstream(&self, other: &Binding) -> Result<Upstream, BoxError> {
        self.upstream_at(other.name, other.url()?)
    }

    /// One wrapped client is all that it takes to trace HTTP calls.
    fn upstream_at(&self, name: &'static str, base: Url) -> Result<Upstream, BoxError> {
        let direct = reqwest::Client::builder().no_proxy();
        let client = TracingClient::from_builder(direct).tracer(self.tracer.clone()).peer_service(name).build()?;
        Ok(Upstream { name, base, client })
    }

    /// The same for gRPC: a traced channel, which connects on first use.
    fn users(&self, other: &Binding) -> Result<UsersClient<TracingChannel>, BoxError> {
        let layer = TracingClientLayer::with_tracer(self.tracer.clone()).peer_service(other.name);
        Ok(UsersClient::new(layer.connect_lazy(format!("http://{}", other.address))?))
    }
}
