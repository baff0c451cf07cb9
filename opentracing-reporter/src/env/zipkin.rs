//! The variables of Zipkin (OpenTelemetry, "Zipkin Exporter").

use crate::connection::InvalidEndpoint;
use crate::env::address::endpoint;
use crate::env::spool;
use crate::env::variables::Variables;
use crate::transport::Transport;
use crate::zipkin::Zipkin;

pub(crate) const ENDPOINT: &str = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";
const DEFAULT: &str = "http://127.0.0.1:9411/api/v2/spans";

pub(crate) fn zipkin(variables: &mut Variables<'_>) -> Result<Box<dyn Transport>, InvalidEndpoint> {
    let endpoint = endpoint(variables, &[ENDPOINT], DEFAULT, |_, address| address)?;
    let mut zipkin = Zipkin::new(endpoint)?;
    if let Some(timeout) = variables.millis("OTEL_EXPORTER_ZIPKIN_TIMEOUT", "using 10000") {
        zipkin = zipkin.timeout(timeout);
    }
    spool::open(variables, |spool| zipkin.open_spool(spool));
    Ok(Box::new(zipkin))
}
