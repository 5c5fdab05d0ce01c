//! What log-ins leave in the log.

use serde_json::json;

use super::{EMAIL, app, path};

#[tokio::test]
async fn what_functions_write_while_somebody_logs_in_is_in_the_log() {
    let config = json!({ "config": {
        "runConfirmationFunction": true, "confirmationFunctionName": "confirms",
        "runResetFunction": true, "resetFunctionName": "resets",
    } });
    let says =
        |text: &str, rest: &str| format!("exports = () => {{ console.log('{text}'); {rest} }}");
    let server = app()
        .provider("local-userpass", config)
        .provider("custom-function", json!({ "config": { "authFunctionName": "denies" } }))
        .function("denies", &says("wrote by denies", "throw new Error('no')"), json!({}))
        .function("confirms", &says("wrote by confirms", "return { status: 'success' }"), json!({}))
        .function("resets", &says("wrote by resets", "return { status: 'fail' }"), json!({}))
        .start()
        .await;
    assert_eq!(server.log_in("custom-function", json!({ "name": "a" })).await.status, 401);
    server.register(EMAIL).await;
    let body = json!({ "email": EMAIL, "password": "another password", "arguments": [] });
    let answer = server.json("POST", &path("local-userpass/reset/call"), &[], body).await;
    assert_eq!(answer.status, 400, "{answer:?}");
    let log = server.stop().await;
    for name in ["denies", "confirms", "resets"] {
        assert_eq!(log.matches(&format!("wrote by {name}")).count(), 1, "{name}: {log}");
    }
}
