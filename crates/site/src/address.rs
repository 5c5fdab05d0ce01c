//! What a path asks for (docs/behaviour/addresses.md#paths).

use std::borrow::Cow;

use crate::percent::decode_path;

/// What a path asks for, decoded.
#[derive(Debug, PartialEq, Eq)]
pub enum Address<'a> {
    /// `/app/<client_app_id>/endpoint<route>`.
    Endpoint {
        /// The slug of the application.
        app: Cow<'a, str>,
        /// The route; never empty, for `…/endpoint` and `…/endpoint/` are the same.
        route: Cow<'a, str>,
    },
    /// `/api/client/v2.0/app/<client_app_id>/service/<service>/incoming_webhook/<webhook>`.
    Webhook {
        /// The slug of the application.
        app: Cow<'a, str>,
        /// The name of the service.
        service: Cow<'a, str>,
        /// The name of the webhook.
        webhook: Cow<'a, str>,
    },
    /// `/api/client/v2.0/app/<client_app_id>/auth/<call>`.
    Auth {
        /// The slug of the application.
        app: Cow<'a, str>,
        /// The rest of the path, as it stands there.
        call: &'a str,
    },
    /// `/api/client/v2.0/auth/<call>`: the token says which application it is.
    Session {
        /// The rest of the path, as it stands there.
        call: &'a str,
    },
    /// `/api/client/v2.0/app/<client_app_id>/location`: where clients send everything else.
    Location {
        /// The slug of the application.
        app: Cow<'a, str>,
    },
    /// `/api/client/v2.0/app/<client_app_id>/functions/call`: a function, or a method of a
    /// service, by the name in the request.
    Call {
        /// The slug of the application.
        app: Cow<'a, str>,
    },
    /// A part of the client API that is not served.
    Unserved {
        /// The slug of the application.
        app: Cow<'a, str>,
        /// Which part.
        part: UnservedPart<'a>,
    },
    /// Something else of an application.
    App {
        /// The slug of the application.
        app: Cow<'a, str>,
    },
    /// Nothing that App Services had.
    Elsewhere,
}

/// A part of the client API that is not served (docs/behaviour/client-api.md#not-served).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnservedPart<'a> {
    /// `…/graphql`.
    GraphQl,
    /// `…/realm-sync`, a WebSocket.
    Sync,
    /// `…/push/providers/<service>/registration`.
    Push {
        /// The name of the service, as it stands in the path.
        service: &'a str,
    },
}

impl<'a> Address<'a> {
    /// Reads a path as it stands in the request.
    ///
    /// Segments are separated before they are decoded, so that `%2F` belongs to a name; a route
    /// is decoded as a whole, for it may hold `/` anyway.
    pub fn of(path: &'a str) -> Self {
        Self::endpoint(path)
            .or_else(|| Self::session(path))
            .or_else(|| Self::of_client(path))
            .or_else(|| Self::webhook(path))
            .unwrap_or(Self::Elsewhere)
    }

    /// The slug of the application, where the path names one.
    pub fn app(&self) -> Option<&str> {
        match self {
            Self::Endpoint { app, .. }
            | Self::Webhook { app, .. }
            | Self::Auth { app, .. }
            | Self::Location { app }
            | Self::Call { app }
            | Self::Unserved { app, .. }
            | Self::App { app } => Some(app),
            Self::Session { .. } | Self::Elsewhere => None,
        }
    }

    fn endpoint(path: &'a str) -> Option<Self> {
        let (app, rest) = segment(path.strip_prefix("/app/")?);
        let app = decode_path(app)?;
        Some(match rest.strip_prefix("/endpoint") {
            Some("") => Self::Endpoint { app, route: Cow::Borrowed("/") },
            Some(route) if route.starts_with('/') => match decode_path(route) {
                Some(route) => Self::Endpoint { app, route },
                None => Self::App { app },
            },
            _ => Self::App { app },
        })
    }

    fn session(path: &'a str) -> Option<Self> {
        Some(Self::Session { call: path.strip_prefix("/api/client/v2.0/auth/")? })
    }

    fn of_client(path: &'a str) -> Option<Self> {
        let (app, rest) = segment(path.strip_prefix("/api/client/v2.0/app/")?);
        let app = decode_path(app)?;
        if let Some(call) = rest.strip_prefix("/auth/") {
            return Some(Self::Auth { app, call });
        }
        let part = match rest {
            "/location" => return Some(Self::Location { app }),
            "/functions/call" => return Some(Self::Call { app }),
            "/graphql" => UnservedPart::GraphQl,
            "/realm-sync" => UnservedPart::Sync,
            _ => {
                let service = rest.strip_prefix("/push/providers/")?;
                UnservedPart::Push { service: service.strip_suffix("/registration")? }
            }
        };
        Some(Self::Unserved { app, part })
    }

    fn webhook(path: &'a str) -> Option<Self> {
        let (app, rest) = segment(path.strip_prefix("/api/client/v2.0/app/")?);
        let app = decode_path(app)?;
        let names = || {
            let (service, rest) = segment(rest.strip_prefix("/service/")?);
            let (webhook, rest) = segment(rest.strip_prefix("/incoming_webhook/")?);
            let found = rest.is_empty() && !webhook.is_empty();
            found.then_some((decode_path(service)?, decode_path(webhook)?))
        };
        Some(match names() {
            Some((service, webhook)) => Self::Webhook { app, service, webhook },
            None => Self::App { app },
        })
    }
}

/// A path up to its next `/`, and the rest from there.
fn segment(path: &str) -> (&str, &str) {
    path.split_at(path.find('/').unwrap_or(path.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints() {
        let cases = [
            ("/app/x/endpoint/hello", "/hello"),
            ("/app/x/endpoint", "/"),
            ("/app/x/endpoint/", "/"),
            ("/app/x/endpoint/a/b/c", "/a/b/c"),
            ("/app/x/endpoint/hello/", "/hello/"),
            ("/app/x/endpoint//hello", "//hello"),
            ("/app/x/endpoint/a%2fb%20c", "/a/b c"),
            ("/app/%78/endpoint/nft/:token", "/nft/:token"),
        ];
        for (path, expected) in cases {
            let address = Address::of(path);
            assert_eq!(
                address,
                Address::Endpoint { app: "x".into(), route: expected.into() },
                "{path}"
            );
        }
    }

    #[test]
    fn webhooks() {
        let base = "/api/client/v2.0/app/x/service/";
        let expected = |service, webhook| Address::Webhook { app: "x".into(), service, webhook };
        let path = format!("{base}http/incoming_webhook/w0");
        assert_eq!(Address::of(&path), expected("http".into(), "w0".into()));
        let path = format!("{base}my%20service/incoming_webhook/a%2Fb");
        assert_eq!(Address::of(&path), expected("my service".into(), "a/b".into()));
        for wrong in ["http/incoming_webhook/w0/", "http/incoming_webhook/", "http", "a/b/c"] {
            let path = format!("{base}{wrong}");
            assert_eq!(Address::of(&path), Address::App { app: "x".into() }, "{wrong}");
        }
    }

    #[test]
    fn what_is_about_users() {
        let call = "providers/local-userpass/login";
        let path = format!("/api/client/v2.0/app/x/auth/{call}");
        assert_eq!(Address::of(&path), Address::Auth { app: "x".into(), call });
        let session = Address::Session { call: "session" };
        assert_eq!(Address::of("/api/client/v2.0/auth/session"), session);
        assert_eq!(session.app(), None);
    }

    #[test]
    fn what_clients_ask_for() {
        let app = || Cow::Borrowed("x");
        let unserved = |part| Address::Unserved { app: app(), part };
        let cases = [
            ("location", Address::Location { app: app() }),
            ("functions/call", Address::Call { app: app() }),
            ("graphql", unserved(UnservedPart::GraphQl)),
            ("realm-sync", unserved(UnservedPart::Sync)),
            ("push/providers/gcm/registration", unserved(UnservedPart::Push { service: "gcm" })),
            ("push/providers/gcm", Address::App { app: app() }),
            ("location/", Address::App { app: app() }),
            ("functions", Address::App { app: app() }),
        ];
        for (rest, expected) in cases {
            let path = format!("/api/client/v2.0/app/x/{rest}");
            assert_eq!(Address::of(&path), expected, "{rest}");
        }
    }

    #[test]
    fn anything_else() {
        for path in ["", "*", "/", "/app", "/apps/x/endpoint/y", "/app/%ff/endpoint/y"] {
            assert_eq!(Address::of(path), Address::Elsewhere, "{path}");
        }
        for path in ["/app/x", "/app/x/endpoints", "/app/x/endpointhello", "/app/x/endpoint/%ff"] {
            assert_eq!(Address::of(path), Address::App { app: "x".into() }, "{path}");
        }
    }
}
