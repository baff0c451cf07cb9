//! Opens the shop: services that each have a name, a tracer and a port of their own, and one that is told by a broker.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use examples::{BoxError, Server};
use opentracing_core::Tracer;
use opentracing_reqwest::TracingClient;
use opentracing_tonic::{TracingChannel, TracingClientLayer};
use opentracing_tower::TracingLayer;
use reqwest::Url;
use tokio::net::TcpListener;
use tonic::transport::Endpoint;
use tonic::transport::server::TcpIncoming;

use crate::ledger::Ledger;
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

/// The services that run.
pub(crate) struct Shop {
    /// Where the customers go.
    pub(crate) front_end: Url,
    /// Those first that call the others.
    pub(crate) services: Vec<(&'static str, SocketAddr)>,
    /// Whether shipping is told, and by whom.
    pub(crate) shipping_note: String,
    servers: Vec<Server>,
    shipping: Option<Shipping>,
    settlement: Settlement,
}

impl Shop {
    /// Starts all services, the front-end on that port, where 0 is any free one.
    pub(crate) async fn open(tracers: &mut Tracers, port: u16, at: &Servers) -> Result<Shop, BoxError> {
        let front_end = Place::take(front_end::NAME, port, tracers).await?;
        let order = Place::take("order", 0, tracers).await?;
        let cart = Place::take("cart", 0, tracers).await?;
        let user = Place::take("user", 0, tracers).await?;
        let payment = Place::take("payment", 0, tracers).await?;
        let catalog = Place::take("catalog", 0, tracers).await?;

        let front_end_routes = front_end::router(FrontEnd {
            catalog: front_end.upstream(&catalog)?,
            user: front_end.users(&user)?,
            cart: front_end.upstream(&cart)?,
            order: front_end.upstream(&order)?,
        });
        let cannot_open = |error| format!("the database cannot be opened: {error}");
        let ledger = Ledger::open(&at.orders, order.tracer.clone()).await.map_err(cannot_open)?;
        let products = Products::open(&at.catalog, catalog.tracer.clone()).await.map_err(cannot_open)?;
        let no_broker = |error| format!("RabbitMQ cannot be used: {error}");
        let under_way = &tracers.under_way;
        let parcels = Parcels::open(at.broker(), order.tracer.clone(), under_way.clone()).await.map_err(no_broker)?;
        let no_kafka = |error| format!("Kafka cannot be used: {error}");
        let topic = Topic::open(at.kafka(), order.tracer.clone(), under_way.clone()).map_err(no_kafka)?;
        let settlement = Settlement::start(&topic.brokers, payment.tracer.clone(), under_way.clone()).await?;
        let order_routes = order::router(Orders {
            cart: order.upstream(&cart)?,
            catalog: order.upstream(&catalog)?,
            payment: order.upstream(&payment)?,
            ledger,
            topic,
            parcels,
        });
        let payment_routes = payment::router(payment.tracer.clone());

        let shipping = match at.broker() {
            Some(url) => {
                let (under_way, tracer) = (tracers.under_way.clone(), tracers.start(shipping::NAME)?);
                Some(Shipping::start(url, tracer, under_way).await.map_err(no_broker)?)
            }
            None => None,
        };

        let mut shop = Shop {
            front_end: front_end.url()?,
            services: Vec::new(),
            shipping_note: at.shipping_note(),
            servers: Vec::new(),
            shipping,
            settlement,
        };
        shop.start(front_end, front_end_routes);
        shop.start(order, order_routes);
        shop.start(cart, cart::router());
        shop.start_user(user);
        shop.start(payment, payment_routes);
        shop.start(catalog, catalog::router(products));
        Ok(shop)
    }

    /// All that it takes to trace what a service is asked for: one layer.
    fn start(&mut self, place: Place, routes: Router) {
        let traced = routes.layer(TracingLayer::with_tracer(place.tracer));
        self.services.push((place.name, place.address));
        self.servers.push(Server::start(place.listener, traced));
    }

    /// The same for a service of gRPC.
    fn start_user(&mut self, place: Place) {
        let traced = opentracing_tonic::TracingLayer::with_tracer(place.tracer);
        let router = tonic::transport::Server::builder().layer(traced).add_service(user::service());
        self.services.push((place.name, place.address));
        // As `serve` would have it; without it the first answer waits for the client's acknowledgement.
        let incoming = TcpIncoming::from(place.listener).with_nodelay(Some(true));
        self.servers.push(Server::run(|stopped| router.serve_with_incoming_shutdown(incoming, stopped)));
    }

    /// Closes the front-end before the services that it needs.
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

/// A service to be.
struct Place {
    name: &'static str,
    tracer: Tracer,
    listener: TcpListener,
    address: SocketAddr,
}

impl Place {
    async fn take(name: &'static str, port: u16, tracers: &mut Tracers) -> Result<Place, BoxError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .map_err(|error| format!("{name} cannot listen on port {port}: {error}"))?;
        Ok(Place { name, tracer: tracers.start(name)?, address: listener.local_addr()?, listener })
    }

    fn url(&self) -> Result<Url, BoxError> {
        Ok(Url::parse(&format!("http://{}", self.address))?)
    }

    /// All that it takes to trace what a service asks of another one: one client.
    fn upstream(&self, other: &Place) -> Result<Upstream, BoxError> {
        let direct = reqwest::Client::builder().no_proxy();
        let client = TracingClient::from_builder(direct).tracer(self.tracer.clone()).build()?.peer_service(other.name);
        Ok(Upstream { name: other.name, base: other.url()?, client })
    }

    /// The same for what it asks by gRPC: one layer around a channel, which does not connect until it is used.
    fn users(&self, other: &Place) -> Result<UsersClient<TracingChannel>, BoxError> {
        let endpoint = Endpoint::from_shared(format!("http://{}", other.address))?;
        let layer = TracingClientLayer::with_tracer(self.tracer.clone()).peer(&endpoint).peer_service(other.name);
        Ok(UsersClient::new(layer.wrap(endpoint.connect_lazy())))
    }
}
