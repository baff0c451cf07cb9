//! What all pages share: head, navigation, theme.

use askama::Template;
use axum::extract::{FromRequestParts, RawQuery};
use axum::response::{Html, IntoResponse, Response};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::assets;
use crate::pages::filter::Pairs;

/// What the template of each page needs for its head and navigation.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) theme: Theme,
    /// The path and query of the page.
    pub(super) here: String,
}

/// Light or dark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum Theme {
    /// What the system prefers.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Theme; 3] = [Theme::System, Theme::Light, Theme::Dark];

    pub(super) fn name(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    fn of(headers: &HeaderMap) -> Theme {
        let cookies = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let name = pairs.find_map(|(name, value)| (name == COOKIE_NAME).then_some(value));
        Theme::ALL.into_iter().find(|theme| Some(theme.name()) == name).unwrap_or_default()
    }
}

const COOKIE_NAME: &str = "viewer-theme";

impl Frame {
    pub(super) fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    pub(super) fn asset(&self, name: &str) -> String {
        assets::path(name)
    }

    /// The value of `aria-current` of a link of the navigation.
    pub(super) fn current(&self, path: &str) -> &'static str {
        let own = self.here.split('?').next().unwrap_or_default();
        if own == path { "page" } else { "false" }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Frame {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let here = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Frame { theme: Theme::of(&parts.headers), here })
    }
}

/// Remembers a theme in a cookie and goes back. Works without scripts.
pub(super) async fn set_theme(RawQuery(query): RawQuery) -> Response {
    let pairs = Pairs::parse(query.as_deref());
    let theme = Theme::ALL.into_iter().find(|theme| pairs.get("to") == Some(theme.name())).unwrap_or_default();
    let cookie = format!("{COOKIE_NAME}={}; Path=/; Max-Age=31536000; SameSite=Strict", theme.name());
    // Only to a page of the viewer: `//` and `/\` lead to other hosts.
    let is_own = |path: &&str| {
        let rest = path.strip_prefix('/');
        rest.is_some_and(|rest| !rest.starts_with(['/', '\\'])) && path.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let back = pairs.get("back").filter(is_own).unwrap_or("/");
    (StatusCode::SEE_OTHER, [(SET_COOKIE, cookie), (LOCATION, back.to_owned())]).into_response()
}

/// The answer with a page.
pub(super) fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            log::error!("cannot write a page: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A page that says what is wrong.
#[derive(Template)]
#[template(path = "problem.html")]
struct Problem {
    frame: Frame,
    title: &'static str,
    text: String,
}

pub(super) fn problem(frame: Frame, status: StatusCode, title: &'static str, text: impl Into<String>) -> Response {
    (status, page(&Problem { frame, title, text: text.into() })).into_response()
}
