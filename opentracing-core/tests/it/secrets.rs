//! Which names are secrets, and what becomes of URLs.

use std::borrow::Cow;

use opentracing_core::{Batch, InvalidSecrets, Reporter, Secrets, SecretsMatcher, Tracer};

#[track_caller]
fn check_names(secrets: &str, found: &[&str], passed: &[&str]) {
    let secrets: Secrets = secrets.parse().unwrap();
    found.iter().for_each(|name| assert!(secrets.matches(name), "{name} is a secret"));
    passed.iter().for_each(|name| assert!(!secrets.matches(name), "{name} is no secret"));
}

#[test]
fn compares_names_as_the_matcher_says() {
    check_names("equals:key,Pass", &["key", "Pass"], &["KEY", "pass", "keys", ""]);
    check_names("equals-ignore-case:key,Pass", &["KEY", "pass"], &["keys", "a key", ""]);
    check_names("contains:key,Pass", &["my-key-1", "Password"], &["KEY", "password", ""]);
    check_names("contains-ignore-case:key,Pass", &["MONKEYS", "password", "ÄKEYÖ"], &["ke y", "pas", ""]);
    check_names("regex:a+b,[0-9]{2}", &["aab", "42"], &["aabc", "xab", "4", "421", ""]);
    check_names("regex:a|bc", &["a", "bc"], &["ac", "ab", "abc"]);
    check_names("regex:(?i)pin", &["PIN", "pin"], &["spin"]);
    check_names("regex:(?x)p i n # free form", &["pin"], &["spin", "p i n"]);
    check_names("none", &[], &["key", "pass", "secret", ""]);
    check_names("none:key", &[], &["key"]);
    check_names(" equals : a b , ,c", &["a b", "c"], &["", "b"]);
    check_names("equals:a:b", &["a:b"], &["a", "b"]);
}

#[test]
fn finds_common_secrets_by_default() {
    let secrets = Secrets::default();
    let found = [
        "key",
        "API_KEY",
        "apikey",
        "X-Api-Key",
        "monkey",
        "password",
        "passwd",
        "client_secret",
        "access_token",
        "csrfToken",
        "X-Amz-Credential",
        "PHPSESSIONID",
        "session",
        "X-Goog-Signature",
        "oauth_verifier",
        "Authorization",
        "authentication",
        "auth",
        "x-auth",
        "auth_code",
        "jwt",
        "user.pwd",
        "sid",
        "sig",
    ];
    found.iter().for_each(|name| assert!(secrets.matches(name), "{name} is a secret"));
    let of_oauth_and_saml = [
        "code",
        "code_verifier",
        "codeVerifier",
        "device_code",
        "assertion",
        "client_assertion",
        "SAMLResponse",
        "SAMLRequest",
        "SAMLart",
        "wresult",
        "ticket",
        "id_token_hint",
        "oauth_verifier",
        "otp",
        "totp_2",
        "bearer",
        "pw",
        "pin",
        "csrf",
        "PHPSESSID",
        "connect.sid",
        "jsessionid",
        "http.request.header.cookie",
        "Set-Cookie",
        "userPwd",
    ];
    of_oauth_and_saml.iter().for_each(|name| assert!(secrets.matches(name), "{name} is a secret"));
    let of_one_time_codes_and_pins = [
        "Pw",
        "db.pw",
        "pw2",
        "smtp_pw",
        "pswd",
        "bearer_2",
        "X-Bearer",
        "cred",
        "Code",
        "mfa",
        "mfaCode",
        "tfa-code",
        "2fa_code",
        "smsCode",
        "email_code",
        "confirmation-code",
        "recovery_code",
        "backupCode",
        "security_code",
        "login_code",
        "magicLink",
        "pairing_code",
        "OTP",
        "otp1",
        "emailOtp",
        "hotp",
        "otc",
        "PIN",
        "card_pin",
        "mPin",
        "m_pin",
        "puk",
        "Ticket",
        "service_ticket",
        "proxyTicket",
        "pgtId",
        "pgtIou",
        "saml_response",
        "SAMLRequest",
        "SamlArt",
        "samlTicket",
        "DPoP",
    ];
    of_one_time_codes_and_pins.iter().for_each(|name| assert!(secrets.matches(name), "{name} is a secret"));
    let passed = [
        "zip_code",
        "postal-code",
        "error_code",
        "errorCode",
        "exit_code",
        "response_code",
        "language_code",
        "currencyCode",
        "product_code",
        "promo_code",
        "qr_code",
        "airport_code",
        "code_challenge_method",
        "code_style",
        "codec",
        "unicode",
        "barcode",
        "encode",
        "opcode",
        "ticket_count",
        "ticketType",
        "support_ticket",
        "tickets",
        "spin",
        "pinned_at",
        "pinterest",
        "ping",
        "pins",
        "opinion",
        "mapPins",
        "pwa",
        "powershell",
        "option",
        "hotpink",
        "bearing",
        "forbearer",
        "credit",
        "accredited",
        "mfa_required",
        "otp_length",
        "pin_count",
        "SAMLEncoding",
        "RelayState",
        "samlVersion",
        "",
        "q",
        "page",
        "author",
        "authority",
        "design",
        "sight",
        "inside",
        "id",
        "tok en",
        "état",
        "status_code",
        "country_code",
        "zipCode",
        "ticket_id",
        "pinned",
        "token_type",
        "tokenType",
        "max_tokens",
        "session_timeout",
        "sessionCount",
        "password_policy",
        "authentication.method",
        "AuthenticationError",
        "SignatureVersion",
        "client_assertion_type",
        "primary_key",
        "partitionKey",
        "messaging.rabbitmq.destination.routing_key",
        "messaging.kafka.message.key",
        "keyword",
        "keyboard.layout",
        "passengers",
        "bypassed",
        "secretary",
        "tokenizer",
        "unauthorized",
        "cookie_name",
    ];
    passed.iter().for_each(|name| assert!(!secrets.matches(name), "{name} is no secret"));
}

#[test]
fn refuses_what_is_no_matcher() {
    #[track_caller]
    fn check(text: &str, expected: InvalidSecrets, message: &str) {
        let error = text.parse::<Secrets>().unwrap_err();
        assert_eq!(error, expected);
        assert!(error.to_string().starts_with(message), "{error}");
    }
    check("", InvalidSecrets::UnknownMatcher(String::new()), "\"\" is no matcher");
    check("like:key", InvalidSecrets::UnknownMatcher("like".into()), "\"like\" is no matcher");
    check("Equals:key", InvalidSecrets::UnknownMatcher("Equals".into()), "\"Equals\" is no matcher");
    check("equals", InvalidSecrets::NoNames(SecretsMatcher::Equals), "the matcher equals needs names");
    check("regex: , ", InvalidSecrets::NoNames(SecretsMatcher::Regex), "the matcher regex needs names");
    for pattern in ["(", "a)|(b", "[z-a]"] {
        let error = Secrets::new(SecretsMatcher::Regex, [pattern]).unwrap_err();
        assert!(matches!(&error, InvalidSecrets::InvalidRegex { pattern: p, .. } if p == pattern), "{error}");
    }
}

#[test]
fn matchers_read_back_what_they_display() {
    for matcher in [
        SecretsMatcher::Equals,
        SecretsMatcher::EqualsIgnoreCase,
        SecretsMatcher::Contains,
        SecretsMatcher::ContainsIgnoreCase,
        SecretsMatcher::Regex,
        SecretsMatcher::None,
    ] {
        assert_eq!(matcher.to_string().parse(), Ok(matcher));
    }
}

#[track_caller]
fn check_url(text: &str, expected: &str) {
    let secrets: Secrets = "contains-ignore-case:key,pass,secret,token".parse().unwrap();
    let redacted = secrets.redact_url(text);
    assert_eq!(redacted, expected);
    // A part in one piece is lent.
    assert_eq!(matches!(redacted, Cow::Borrowed(_)), text.contains(expected), "{text}");
    assert_eq!(secrets.redact_url(expected), expected, "redacting twice changes nothing more");
}

#[test]
fn leaves_urls_without_secrets_alone() {
    for text in [
        "",
        "/",
        "*",
        "/users/7?page=2&sort=name",
        "page=2&sort=name",
        "http://shop.example",
        "http://shop.example:8080/a?b=c",
        "https://[2001:db8::1]:443/?b",
        "https://[2001:db8::1]",
        "file:///etc/hosts",
        "kafka://a:9092,b:9092,c:9092",
        "shop.example:443",
        "/mail/me@shop.example?to=you@shop.example",
        "/monkey=1",
        "/a?token",
        "/a?token=",
        "/a?token=&b=c",
        "/a?&&=&=x",
        "/a?u=http://b.example/?c=d",
        "/suche?ort=Köln",
    ] {
        check_url(text, text);
    }
}

#[test]
fn removes_user_information() {
    check_url("http://me:pw@shop.example/a", "http://shop.example/a");
    check_url("http://me@shop.example:81", "http://shop.example:81");
    check_url("http://me:p@w@shop.example/", "http://shop.example/");
    check_url("http://@shop.example", "http://shop.example");
    check_url("amqp://me:p%40w@[::1]:5672/%2f", "amqp://[::1]:5672/%2f");
    check_url("jdbc:mysql://me:pw@db.example/shop", "jdbc:mysql://db.example/shop");
    check_url("mongodb://me:pw@a:27017,b:27017/shop", "mongodb://a:27017,b:27017/shop");
    check_url("//me:pw@shop.example/a", "//shop.example/a");
    check_url("me:pw@shop.example:443", "shop.example:443");
    check_url("me:pw@shop.example/a?b=c", "shop.example/a?b=c");
}

#[test]
fn removes_passwords_that_break_the_url() {
    check_url("http://me:p/w@shop.example/a", "http://shop.example/a");
    check_url("http://me:p?w@shop.example/a?b=c", "http://shop.example/a?b=c");
    check_url("http://me:p#w@shop.example/a#b", "http://shop.example/a");
    check_url("http://me:passw", "http://<redacted>");
    check_url("http://me:123456", "http://<redacted>");
    check_url("http://me:p/w", "http://<redacted>");
    let long = "t".repeat(300);
    check_url(&format!("http://{long}"), "http://<redacted>");
    check_url(&format!("{long}?a=b"), &format!("{long}?a=b"));
}

#[test]
fn removes_user_information_of_nested_urls() {
    check_url("/a?u=http://me:pw@b.example/c", "/a?u=http://b.example/c");
    check_url("/a?http://me:pw@b.example:81&c=d", "/a?http://b.example:81&c=d");
    check_url("u=//me@b&v=http://me:p@w@b.example&c=me@d", "u=//me@b&v=http://b.example&c=me@d");
    check_url("/a?u=http://me:pw@b.example?token=41&c=d", "/a?u=http://b.example?token=<redacted>&c=d");
    check_url("/a?u=http://me:pw@b;v=http://me:pw@c", "/a?u=http://b;v=http://c");
    check_url("/a?u=http://me:hunter22&c=d", "/a?u=http://<redacted>&c=d");
    check_url("/a?token=http://me:pw@b.example/c", "/a?token=<redacted>");
    check_url("http://a.example/via/http://me:pw@b.example/c?d", "http://a.example/via/http://b.example/c?d");
}

#[test]
fn redacts_values_by_the_name_of_their_parameter() {
    check_url("/a?token=41", "/a?token=<redacted>");
    check_url("/a?b=c&token=41&d=e", "/a?b=c&token=<redacted>&d=e");
    check_url("?API_KEY=41", "?API_KEY=<redacted>");
    check_url("token=41", "token=<redacted>");
    check_url("b=c&token=41&d=e?f", "b=c&token=<redacted>&d=e?f");
    check_url("b&token=4/1", "b&token=<redacted>");
    check_url("redirect=http://b.example/&token=41", "redirect=http://b.example/&token=<redacted>");
    check_url("http://me:pw@shop.example?token=41&pass=42", "http://shop.example?token=<redacted>&pass=<redacted>");
    check_url("/a?token=41=42==", "/a?token=<redacted>");
    check_url("/a?token=4?1;2/3", "/a?token=<redacted>");
    check_url("/a?b=c;token=41;d=e&f=g", "/a?b=c;token=<redacted>&f=g");
    check_url("/a?u=http://b.example/?token=41", "/a?u=http://b.example/?token=<redacted>");
    check_url("/a?user[pass]=41&user%5Bpass%5D=42", "/a?user[pass]=<redacted>&user%5Bpass%5D=<redacted>");
}

#[test]
fn compares_names_percent_decoded() {
    check_url("/a?%74oken=41", "/a?%74oken=<redacted>");
    check_url("/a?%54%4F%4b%45n=41", "/a?%54%4F%4b%45n=<redacted>");
    check_url("/a?to+ken=41", "/a?to+ken=41");
    check_url("/a?my+token=41", "/a?my+token=<redacted>");
    check_url("/a?%ff%FEtoken=41", "/a?%ff%FEtoken=<redacted>");
    check_url("/a?%token%=41", "/a?%token%=<redacted>");
    check_url("/a?%7%74oken=41&%=1", "/a?%7%74oken=<redacted>&%=1");
    check_url("/a?%+7=1&%é=1", "/a?%+7=1&%é=1");
}

#[test]
fn drops_the_fragment() {
    check_url("/a#access_token=41", "/a");
    check_url("https://shop.example#a?b", "https://shop.example");
    check_url("/a?b=c#d", "/a?b=c");
    check_url("/a?token=41#d", "/a?token=<redacted>");
    check_url("#a", "");
}

#[test]
fn keeps_secrets_out_wherever_the_text_is_cut() {
    let secrets = Secrets::default();
    for whole in [
        "https://me:hunter22@shop.example:8443/pay?first=1&%74oken=hunter22&;pass=hunter22#hunter22",
        "/pay?next=https://me:hunter22@shop.example/?token=hunter22",
    ] {
        for end in 0..=whole.len() {
            let redacted = secrets.redact_url(&whole[..end]);
            assert!(!redacted.contains("hunter"), "{redacted}");
            assert!(redacted.len() <= end + 10, "{redacted}");
        }
    }
}

#[test]
fn takes_secrets_out_of_urls_in_messages() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(Secrets::default().redact_text(text), expected);
    }
    check("", "");
    check("connection refused", "connection refused");
    check("key=41 is no URL", "key=41 is no URL");
    check("http://me:pw@a.example/", "http://a.example/");
    check("sending to http://a.example/?key=41#b failed", "sending to http://a.example/?key=<redacted> failed");
    check("error for url (http://a.example/?b=c&key=41)", "error for url (http://a.example/?b=c&key=<redacted>)");
    check("\"http://me@a/\",\u{2003}'amqp://me:pw@b'", "\"http://a/\",\u{2003}'amqp://b'");
    check("é http://a/?key=é, then ://?sig=1", "é http://a/?key=<redacted>, then ://?sig=<redacted>");
}

#[track_caller]
fn check_text(text: &str, expected: &str) {
    let secrets = Secrets::default();
    assert_eq!(secrets.redact_text(text), expected);
    assert_eq!(secrets.redact_text(expected), expected, "redacting twice changes nothing more");
}

#[test]
fn leaves_the_text_around_a_secret_as_it_is() {
    check_text("for url (https://me:p(w)@a.example/b): refused", "for url (https://a.example/b): refused");
    check_text("GET /cb?code=41&page=2 HTTP/1.1", "GET /cb?code=<redacted>&page=2 HTTP/1.1");
    check_text("GET /cart;jsessionid=8F2?page=2 failed", "GET /cart;jsessionid=<redacted>?page=2 failed");
    check_text("to /login?next=%2Fcb%3Fcode%3D41&a=b.", "to /login?next=<redacted>&a=b.");
    check_text("host=db password='it\\'s 4' user=me", "host=db password='<redacted>' user=me");
    check_text("Server=db;Pwd={p}};w};Encrypt=yes", "Server=db;Pwd={<redacted>};Encrypt=yes");
    check_text("Server=db;Password=p w;Encrypt=yes", "Server=db;Password=<redacted>;Encrypt=yes");
    check_text("me:pw@tcp(db:3306)/shop is down", "tcp(db:3306)/shop is down");
    check_text("user=me, password=41x, port=1", "user=me, password=<redacted>, port=1");
    check_text("Authorization: Bearer 41x was sent", "Authorization: Bearer <redacted> was sent");
    check_text("Authorization: Basic bWU6cHc=\r\nHost: a", "Authorization: Basic <redacted>\r\nHost: a");
    check_text("-H 'Authorization: Digest a=\"b\", c=\"d\"' -v", "-H 'Authorization: Digest <redacted>' -v");
    check_text("Cookie: theme=dark; sid=41\nHost: a", "Cookie: <redacted>\nHost: a");
    check_text("the gateway refused Basic bWU6cHc=.", "the gateway refused Basic <redacted>.");
    check_text(r#"{"a":1,"token":"4\"1","b":[2]}"#, r#"{"a":1,"token":"<redacted>","b":[2]}"#);
    check_text(r#"{"credentials":{"a":"1","b":["2"]},"c":3}"#, r#"{"credentials":<redacted>,"c":3}"#);
    check_text(r#""{\"api_key\":\"41\",\"a\":1}""#, r#""{\"api_key\":\"<redacted>\",\"a\":1}""#);
    check_text(r#"{"pin":1234,"a":null}"#, r#"{"pin":<redacted>,"a":null}"#);
    check_text("<a><password>41x</password></a>", "<a><password><redacted></password></a>");
    check_text("user=me&password=41&page=2", "user=me&password=<redacted>&page=2");
    check_text("run --token 41x --verbose", "run --token <redacted> --verbose");
    check_text("ROLE me PASSWORD 'p w' LOGIN", "ROLE me PASSWORD '<redacted>' LOGIN");
    check_text("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MSJ9.a-b_c, expired", "jwt <redacted>, expired");
    check_text("AKIAIOSFODNN7EXAMPLE: denied", "<redacted>: denied");
    check_text(
        "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----<redacted>-----END PRIVATE KEY-----\n",
    );
}

#[test]
fn takes_other_lists_for_texts_as_well() {
    let text = "card=41x, password=42x, Bearer 43xyz, http://me:pw@a/?card=44x";
    let check = |secrets: &str, expected: &str| {
        let secrets: Secrets = secrets.parse().unwrap();
        assert_eq!(secrets.redact_text(text), expected, "{secrets:?}");
    };
    check("equals:card", "card=<redacted>, password=42x, Bearer <redacted>, http://a/?card=<redacted>");
    check("regex:pass.*", "card=41x, password=<redacted>, Bearer <redacted>, http://a/?card=44x");
    check("none", "card=41x, password=42x, Bearer 43xyz, http://a/?card=44x");
}

#[test]
fn takes_any_text() {
    let alphabet =
        ["a", "1", ":", "/", "//", "://", "?", "#", "&", "=", "@", "%", "%6", "[", "]", ";", "+", "é", "key", "\n"];
    let secrets = Secrets::default();
    let mut state = 41_u64;
    for _ in 0..20_000 {
        let mut text = String::new();
        for _ in 0..state >> 60 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(alphabet[(state >> 33) as usize % alphabet.len()]);
        }
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        assert!(!secrets.redact_url(&text).contains('#'), "{text:?}");
        let text = format!("/?{text}");
        let redacted = secrets.redact_url(&text);
        for shown in ["?key=1", "&key=1", ";key=1"] {
            assert!(!redacted.contains(shown), "{text:?} became {redacted:?}");
        }
    }
}

#[test]
fn is_shared_between_threads() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug>() {}
    check::<Secrets>();
    assert_eq!(format!("{:?}", "equals:a,b".parse::<Secrets>().unwrap()), r#"Secrets(Equals, ["a", "b"])"#);
}

#[cfg(feature = "mock")]
#[test]
fn redacts_the_urls_of_finished_spans() {
    use opentracing_core::{Value, mock::MockTracer};

    #[track_caller]
    fn check(mock: &MockTracer, pieces: &[&str], expected: &str) {
        mock.reset();
        let mut span = mock.tracer().span("call").start();
        span.set_tag("http.url", Value::Url(pieces)).log_kv(&[("target", Value::Url(pieces))]);
        span.finish();
        let span = mock.span("call");
        assert_eq!(span.tag("http.url"), Some(Value::Str(expected)));
        assert_eq!(span.logs[0].field("target"), Some(Value::Str(expected)));
    }
    let mock = MockTracer::new();
    check(&mock, &["http", "://", "shop.example", "/a?b=c"], "http://shop.example/a?b=c");
    check(&mock, &["http", "://", "me:pw@shop.example", "/a?token=41"], "http://shop.example/a?token=<redacted>");
    check(&mock, &["/a", "#token=41"], "/a");
    check(&mock, &["me:pw", "@shop.example"], "shop.example");
    check(
        &MockTracer::with(|builder| builder.secrets("equals:b".parse().unwrap())),
        &["/a?b=c&token=41"],
        "/a?b=<redacted>&token=41",
    );
}

#[cfg(feature = "mock")]
#[test]
fn redacts_tags_and_logs_by_their_keys() {
    use opentracing_core::{Value, mock::MockTracer};

    let mock = MockTracer::new();
    let values = [
        ("password", Value::Str("41"), Value::Str("<redacted>")),
        ("api_key", Value::Static("41"), Value::Str("<redacted>")),
        ("oauth.token", Value::Url(&["http://a/", "b"]), Value::Str("<redacted>")),
        ("otp", Value::I64(123_456), Value::Str("<redacted>")),
        ("code", Value::U64(404), Value::U64(404)),
        ("code_verifier", Value::Message("41"), Value::Str("<redacted>")),
        ("is_secret", Value::Bool(true), Value::Bool(true)),
        ("token.share", Value::F64(0.5), Value::F64(0.5)),
        ("session", Value::Str(""), Value::Str("")),
        ("auth", Value::Static("none"), Value::Static("none")),
        ("max_tokens", Value::I64(512), Value::I64(512)),
        ("messaging.kafka.message.key", Value::Str("order-41"), Value::Str("order-41")),
        ("http.url", Value::Str("/a?b=c#token=41"), Value::Str("/a?b=c")),
        ("url.query", Value::Str("b=c&code=41"), Value::Str("b=c&code=<redacted>")),
        ("note", Value::Static("Bearer 41xyz"), Value::Str("Bearer <redacted>")),
    ];
    let mut span = mock.tracer().span("call").start();
    for (key, value, _) in values {
        span.set_tag(key, value).log_kv(&[(key, value)]);
    }
    span.finish();
    let span = mock.span("call");
    for (at, (key, _, expected)) in values.into_iter().enumerate() {
        let same = |found: Option<Value<'_>>| found.is_some_and(|found| found.to_string() == expected.to_string());
        assert!(same(span.tag(key)), "{key} is {:?}", span.tag(key));
        assert!(same(span.logs[at].field(key)), "{key} is {:?}", span.logs[at].field(key));
    }
}

#[cfg(feature = "mock")]
#[test]
fn keeps_the_keys_of_messages_unless_they_are_named() {
    use opentracing_core::{Value, mock::MockTracer, tags};

    for (secrets, expected) in [
        ("contains-ignore-case:key,pass,secret", "order-41"),
        ("contains:key", "order-41"),
        ("equals:messaging.kafka.message.key", "<redacted>"),
    ] {
        let mock = MockTracer::with(|builder| builder.secrets(secrets.parse().unwrap()));
        mock.tracer().span("send").start().set(tags::MESSAGING_KAFKA_MESSAGE_KEY, "order-41");
        assert_eq!(mock.span("send").tag("messaging.kafka.message.key"), Some(Value::Str(expected)), "{secrets}");
    }
}

#[cfg(feature = "mock")]
#[test]
fn no_secret_survives_because_a_limit_cuts_the_value() {
    use opentracing_core::{Limits, Value, mock::MockTracer};

    for whole in [
        "https://me:hunter22@shop.example:8443/pay?first=1&%74oken=hunter22&;pass=hunter22#hunter22",
        "/pay?next=https%3A%2F%2Fme%3Ahunter22%40shop.example%2F%3Ftoken%3Dhunter22&code=hunter22",
        "/pay?data={\"password\":\"hunter22\",\"a\":{\"token\":\"hunter22\"}}",
        "failed: {\"user\":\"me\",\"credentials\":[\"hunter22\",\"hunter22\"]} at Server=db;Password=p hunter22;A=b",
        "failed: Authorization: Basic hunter22== and eyJhbGciOiJIUzI1NiJ9.hunter22eyJzdWIiOiI0MSJ9.hunter22 too",
        "failed: -----BEGIN PRIVATE KEY-----\nhunter22\n-----END PRIVATE KEY-----",
        "failed: redis://:hunter22@cache:6379 and https://hunter22@git.example/a",
    ] {
        for limit in 1..=whole.len() {
            let mock = MockTracer::with(|builder| {
                let mut limits = Limits::default();
                limits.value_bytes = limit as u32;
                builder.limits(limits)
            });
            let mut span = mock.tracer().span("call").start();
            span.set_tag("http.url", whole).set_tag("target", Value::Url(&[whole])).set_tag("note", whole);
            span.log_error(&std::io::Error::other(whole));
            span.finish();
            let span = mock.span("call");
            let logged = span.logs.iter().flat_map(|log| &log.fields);
            for (key, value) in span.tags.iter().chain(logged) {
                let text = value.as_value().to_string();
                assert!(!text.contains("hunter"), "{key} is {text:?} of {:?}", &whole[..limit]);
            }
        }
    }
}

/// Writes the tags of the process into a channel.
struct ProcessTags(std::sync::mpsc::Sender<Vec<(String, String)>>);

impl Reporter for ProcessTags {
    fn report(&mut self, batch: Batch<'_>) {
        let tags = batch.process().tags().map(|(key, value)| (key.to_owned(), value.to_string()));
        self.0.send(tags.collect()).unwrap();
    }
}

#[test]
fn tags_of_the_process_are_redacted() {
    let (sender, tags) = std::sync::mpsc::channel();
    let tracer = Tracer::builder("shop")
        .tag("license_key", "4f7a2c")
        .tag("admin.pin", 4711)
        .tag("replicas", 3)
        .tag("database", "postgres://shop:swordfish@db/orders")
        .tag("region", "eu-1")
        .build_inline(ProcessTags(sender));
    tracer.span("work").start().finish();
    tracer.flush(std::time::Duration::from_secs(20)).unwrap();
    let tags = tags.recv().unwrap();
    let tags: Vec<_> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    let expected = [
        ("license_key", "<redacted>"),
        ("admin.pin", "<redacted>"),
        ("replicas", "3"),
        ("database", "postgres://db/orders"),
        ("region", "eu-1"),
    ];
    assert_eq!(tags, expected);
}
