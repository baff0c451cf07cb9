//! Configuration from the file that a variable names.

use super::EnvConfig;
#[cfg(feature = "config-file")]
use super::proxy::with_proxy;
use super::variables::Variables;

/// The second name is the one from before version 1.0 of the format.
const FILE: [&str; 2] = ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"];

/// What the file says, if one is named. It replaces all other variables (OpenTelemetry, "Environment Variable Specification").
#[cfg(feature = "config-file")]
pub(super) fn read(variables: &mut Variables<'_>) -> Option<EnvConfig> {
    let (_, path) = variables.first(&FILE)?;
    let lookup = variables.lookup;
    // Proxies are a matter of the network, not of tracing.
    let mut through_proxy = |endpoint| with_proxy(variables, endpoint);
    Some(match crate::config::read(&path, lookup, &mut through_proxy) {
        Ok(file) => {
            let mut config = with_file(file);
            config.warnings.append(&mut variables.warnings);
            config
        }
        Err(invalid) => EnvConfig { invalid_file: Some(invalid), ..EnvConfig::empty() },
    })
}

#[cfg(not(feature = "config-file"))]
pub(super) fn read(variables: &mut Variables<'_>) -> Option<EnvConfig> {
    if let Some((name, _)) = variables.first(&FILE) {
        variables.warn(name, "is set, which needs the feature config-file", "ignoring it");
    }
    None
}

#[cfg(feature = "config-file")]
fn with_file(file: crate::config::ConfigFile) -> EnvConfig {
    use super::limits::unlimited_if_zero;
    use super::process::SERVICE_NAME;
    use super::sampling::SamplerSettings;
    use super::variables::EnvWarning;

    let mut config = EnvConfig::empty();
    config.disabled = file.is_disabled;
    for (key, value) in file.attributes {
        match &*key {
            SERVICE_NAME => config.process.service = value.as_value().to_string(),
            _ => config.attributes.push((key, value)),
        }
    }
    config.formats = file.formats;
    config.limits = file.limits;
    config.sampler = SamplerSettings::File(file.sampler);
    config.tail = file.tail;
    config.queue.close_timeout = file.processors.iter().filter_map(|it| it.export_timeout).map(unlimited_if_zero).max();
    if !file.is_disabled {
        config.transports = file.processors.into_iter().map(|it| (it.transport, it.limits)).collect();
    }
    config.warnings = file.warnings.into_iter().map(|it| EnvWarning::new(&it.path, it.text)).collect();
    config
}
