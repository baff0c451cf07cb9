//! Secrets that have a known form, and so need no name: JSON Web Tokens, keys of clouds, private keys.

use crate::redaction::scan::Scan;

impl Scan<'_, '_> {
    /// Checks a letter that only some forms have at this place of their prefix.
    pub(super) fn shape(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if bytes[at] == b'J' {
            return self.web_token(at, start, end);
        }
        let stop = at + 1;
        let last_two = at.checked_sub(1).filter(|&before| before >= start).map(|before| &bytes[before..stop])?;
        for form in FORMS.iter().filter(|form| form.last_two == *last_two) {
            let Some(from) = stop.checked_sub(form.prefix.len()).filter(|&from| from >= start) else { continue };
            if bytes[from..stop] != *form.prefix.as_bytes() {
                continue;
            }
            if from > start && is_letter(bytes[from - 1]) {
                continue;
            }
            let len = bytes[stop..end]
                .iter()
                .take(MAX_LEN)
                .position(|&byte| !form.has(byte))
                .unwrap_or(MAX_LEN.min(end - stop));
            let rest = &bytes[stop..stop + len];
            let is_random = form.is_distinct || rest.iter().any(u8::is_ascii_digit);
            // The text may be truncated at its end.
            let is_whole = len >= form.min || (stop + len == end && end == self.text.len() && len >= form.min_cut);
            if is_whole && is_random && rest.starts_with(form.then.as_bytes()) {
                return Some(self.cut(from..stop + len));
            }
        }
        None
    }

    /// Checks `eyJ`, the beginning of JSON in base64. A token has a dot after its header; a cursor or a state has none.
    fn web_token(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let from = at.checked_sub(2).filter(|&from| from >= start && bytes[from..at] == *b"ey")?;
        if from > start && is_letter(bytes[from - 1]) {
            return None;
        }
        let digits =
            |from: usize| bytes[from..end].iter().position(|&byte| !is_base64(byte)).map_or(end, |len| from + len);
        let header = bytes[at..end].iter().take(MAX_LEN).position(|&byte| !is_base64(byte)).map_or(end, |len| at + len);
        let mut stop = header;
        while bytes.get(stop) == Some(&b'.')
            && stop + 1 < end
            && (is_base64(bytes[stop + 1]) || bytes[stop + 1] == b'.')
        {
            stop = digits(stop + 1);
        }
        (header - from >= MIN_HEADER && stop > header + 1).then(|| self.cut(from..stop))
    }

    /// Looks at a `-`: a private key, an option of a command line, or a key of a cloud.
    pub(super) fn dashes(&mut self, at: usize, start: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        if rest.starts_with("-----BEGIN ") {
            let label = rest[5..].find("-----").map(|len| at + 5 + len)?;
            if !self.text[at..label].contains("PRIVATE KEY") {
                return Some(label + 5);
            }
            let body = label + 5;
            let stop = self.text[body..end].find("-----END").map_or(end, |len| body + len);
            return Some(self.cut(body..stop));
        }
        if rest.starts_with("--") && (at == start || !is_letter(self.text.as_bytes()[at - 1])) {
            return self.option(at + 2, end);
        }
        self.shape(at, start, end)
    }
}

/// Whether the text may end with the prefix of a known form, the beginning of a web token, or the dashes of an option.
pub(super) fn may_end_prefix(text: &[u8]) -> bool {
    match text {
        [.., b'y', b'J'] | [.., b'-', b'-'] => true,
        [.., one, two] => {
            FORMS.iter().any(|form| form.last_two == [*one, *two] && text.ends_with(form.prefix.as_bytes()))
        }
        _ => false,
    }
}

struct Form {
    prefix: &'static str,
    last_two: [u8; 2],
    /// The text that must follow the prefix.
    then: &'static str,
    /// The minimum number of letters after the prefix, and the same if the text ends there.
    min: usize,
    min_cut: usize,
    /// Whether the prefix is unmistakable. Otherwise a digit must follow.
    is_distinct: bool,
    letters: Letters,
}

#[derive(Clone, Copy)]
enum Letters {
    Capitals,
    Word,
    /// With `-`, `_` and `.`.
    Dotted,
    Hex,
}

impl Form {
    const fn new(prefix: &'static str, min: usize, min_cut: usize, is_distinct: bool, letters: Letters) -> Self {
        let bytes = prefix.as_bytes();
        let last_two = [bytes[bytes.len() - 2], bytes[bytes.len() - 1]];
        Form { prefix, last_two, then: "", min, min_cut, is_distinct, letters }
    }

    const fn then(self, then: &'static str) -> Self {
        Form { then, ..self }
    }

    fn has(&self, byte: u8) -> bool {
        match self.letters {
            Letters::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Letters::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Letters::Dotted => byte.is_ascii_alphanumeric() || b"-_.".contains(&byte),
            Letters::Hex => byte.is_ascii_hexdigit(),
        }
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(&byte)
}

/// The maximum length of a key, and of the header of a token.
const MAX_LEN: usize = 2048;
/// The minimum length of a header. `{"alg":""}` is longer.
const MIN_HEADER: usize = 12;

/// Known forms, as their issuers document them. Every prefix ends with a byte that the scan stops at.
static FORMS: [Form; 42] = [
    // Amazon Web Services: ids of long-lived and temporary keys.
    Form::new("AK", 14, 6, false, Letters::Capitals).then("IA"),
    Form::new("AS", 14, 6, false, Letters::Capitals).then("IA"),
    // Google: API keys, access tokens, secrets of OAuth clients.
    Form::new("AIz", 20, 6, false, Letters::Dotted).then("a"),
    Form::new("ya29.", 10, 4, true, Letters::Dotted),
    Form::new("GOCSPX-", 10, 4, true, Letters::Dotted),
    // GitHub, GitLab.
    Form::new("ghp_", 10, 4, false, Letters::Word),
    Form::new("gho_", 10, 4, false, Letters::Word),
    Form::new("ghu_", 10, 4, false, Letters::Word),
    Form::new("ghs_", 10, 4, false, Letters::Word),
    Form::new("ghr_", 10, 4, false, Letters::Word),
    Form::new("github_pat_", 10, 4, true, Letters::Word),
    Form::new("glpat-", 10, 4, false, Letters::Dotted),
    Form::new("gldt-", 10, 4, false, Letters::Dotted),
    // Slack.
    Form::new("xoxa-", 8, 4, true, Letters::Dotted),
    Form::new("xoxb-", 8, 4, true, Letters::Dotted),
    Form::new("xoxc-", 8, 4, true, Letters::Dotted),
    Form::new("xoxd-", 8, 4, true, Letters::Dotted),
    Form::new("xoxe-", 8, 4, true, Letters::Dotted),
    Form::new("xoxe.xoxp-", 8, 4, true, Letters::Dotted),
    Form::new("xoxo-", 8, 4, true, Letters::Dotted),
    Form::new("xoxp-", 8, 4, true, Letters::Dotted),
    Form::new("xoxr-", 8, 4, true, Letters::Dotted),
    Form::new("xoxs-", 8, 4, true, Letters::Dotted),
    Form::new("xapp-", 8, 4, true, Letters::Dotted),
    // Stripe; the publishable keys, `pk_`, are no secret.
    Form::new("sk_live_", 8, 4, false, Letters::Word),
    Form::new("sk_test_", 8, 4, false, Letters::Word),
    Form::new("rk_live_", 8, 4, false, Letters::Word),
    Form::new("rk_test_", 8, 4, false, Letters::Word),
    Form::new("whsec_", 8, 4, false, Letters::Word),
    // Twilio, SendGrid, Mailgun.
    Form::new("SK", 32, 32, false, Letters::Hex),
    Form::new("SG.", 16, 6, false, Letters::Dotted),
    Form::new("key-", 32, 32, false, Letters::Hex),
    // Registries of packages and images.
    Form::new("npm_", 20, 6, false, Letters::Word),
    Form::new("pypi-", 20, 6, false, Letters::Dotted),
    Form::new("dckr_pat_", 8, 4, true, Letters::Dotted),
    // Models.
    Form::new("sk-", 20, 12, false, Letters::Dotted),
    Form::new("hf_", 20, 10, false, Letters::Word),
    // Shopify, DigitalOcean, Vault.
    Form::new("shpat_", 10, 4, false, Letters::Word),
    Form::new("shpss_", 10, 4, false, Letters::Word),
    Form::new("dop_v1_", 10, 4, true, Letters::Word),
    Form::new("hvs.", 10, 4, false, Letters::Dotted),
    Form::new("lin_api_", 10, 4, true, Letters::Word),
];
