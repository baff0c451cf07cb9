//! The tags that only this crate sets, under OpenTelemetry's names where it has them.

use opentracing_core::tags::TagKey;

/// The ARN by which the function was invoked.
pub const AWS_LAMBDA_INVOKED_ARN: TagKey<str> = TagKey::new("aws.lambda.invoked_arn");
/// How the process was started: `on-demand`, `provisioned-concurrency` or `snap-start`.
pub const AWS_LAMBDA_INITIALIZATION_TYPE: TagKey<str> = TagKey::new("aws.lambda.initialization_type");
/// The tenant of a function with tenant isolation.
pub const AWS_LAMBDA_TENANT_ID: TagKey<str> = TagKey::new("aws.lambda.tenant_id");
/// The root of AWS X-Ray, in its own form.
pub const AWS_XRAY_TRACE_ID: TagKey<str> = TagKey::new("aws.xray.trace_id");
/// The AWS account of the function.
pub const CLOUD_ACCOUNT_ID: TagKey<str> = TagKey::new("cloud.account.id");
/// Always `aws_lambda`.
pub const CLOUD_PLATFORM: TagKey<str> = TagKey::new("cloud.platform");
/// Always `aws`.
pub const CLOUD_PROVIDER: TagKey<str> = TagKey::new("cloud.provider");
/// The region of the function.
pub const CLOUD_REGION: TagKey<str> = TagKey::new("cloud.region");
/// The ARN of the function, with its version in place of an alias.
pub const CLOUD_RESOURCE_ID: TagKey<str> = TagKey::new("cloud.resource_id");
/// Whether this is the first invocation of a process that was started for it.
pub const FAAS_COLDSTART: TagKey<bool> = TagKey::new("faas.coldstart");
/// The log stream, which is one for each process.
pub const FAAS_INSTANCE: TagKey<str> = TagKey::new("faas.instance");
/// The request id of AWS.
pub const FAAS_INVOCATION_ID: TagKey<str> = TagKey::new("faas.invocation_id");
/// The memory of the function in bytes.
pub const FAAS_MAX_MEMORY: TagKey<i64> = TagKey::new("faas.max_memory");
/// The name of the function.
pub const FAAS_NAME: TagKey<str> = TagKey::new("faas.name");
/// What invoked the function: `datasource`, `http`, `pubsub`, `timer` or `other`.
pub const FAAS_TRIGGER: TagKey<str> = TagKey::new("faas.trigger");
/// The version of the function.
pub const FAAS_VERSION: TagKey<str> = TagKey::new("faas.version");
/// The messaging system: `aws_sqs` or `aws.sns`.
pub const MESSAGING_SYSTEM: TagKey<str> = TagKey::new("messaging.system");
