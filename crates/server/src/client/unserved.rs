//! What clients ask for that is not served (docs/behaviour/client-api.md#not-served).

use hookstead_site::UnservedPart;
use http::StatusCode;

use crate::{admit::Asking, error_code::ErrorCode, excerpt::excerpt, refusal::Refusal};

/// Refuses a part of the client API that is not served.
pub(super) fn refuse(asking: Asking<'_>, part: UnservedPart<'_>) -> Refusal {
    let what = match part {
        UnservedPart::GraphQl => "GraphQL",
        UnservedPart::Sync => "Device Sync",
        UnservedPart::Push { .. } => "the registration of devices for push notifications",
    };
    tell(asking, what);
    match part {
        UnservedPart::Push { service } if !asking.site.has_service(service) => {
            let message = format!("service not found: '{}'", excerpt(service));
            Refusal::not_found(ErrorCode::ServiceNotFound, message)
        }
        _ => not_supported(what),
    }
}

/// Refuses event streams of changes.
pub(super) fn watch(asking: Asking<'_>) -> Refusal {
    tell(asking, "watch");
    not_supported("watch")
}

fn not_supported(what: &'static str) -> Refusal {
    let message = format!("not supported: {what}");
    Refusal::new(StatusCode::NOT_IMPLEMENTED, ErrorCode::NotSupported, message)
}

fn tell(asking: Asking<'_>, what: &'static str) {
    let shared = &asking.running.link().shared;
    if shared.unserved.is_news(what) {
        shared.journal.notice(format!(
            "a client asked for {what}, which is not served here: it is told so, and this line is \
             written once (docs/client-api.md)"
        ));
    }
}
