//! Redirects, and what goes along with them.

use serde_json::{Value as Json, json};

use super::{Server, call, call_with, client_of, failure, server::reply};

/// Redirects `/<status>/<rest>` to `/<rest>` and anything else nowhere.
async fn hopping() -> Server {
    Server::start(|seen| {
        let mut steps = seen.path()[1..].splitn(2, '/');
        match steps.next().unwrap().parse::<u16>() {
            Ok(status) => {
                let to = format!("/{}", steps.next().unwrap());
                reply(status, &[("location", &to), ("set-cookie", "hop=1; Path=/")], "moved")
            }
            Err(_) => reply(200, &[], "there"),
        }
    })
    .await
}

/// A server that redirects everything to one URL.
async fn pointing(status: u16, location: String) -> Server {
    Server::start(move |_| reply(status, &[("location", &location)], "")).await
}

fn following(url: String) -> Json {
    json!({ "url": url, "followRedirects": true })
}

#[tokio::test]
async fn a_redirect_is_followed_only_if_asked_for() {
    let server = hopping().await;
    let client = client_of(&[&server]);
    let answer = call(&client, json!({ "url": server.url("/302/end") })).await.unwrap();
    assert_eq!(answer.head["statusCode"], 302);
    assert_eq!(answer.head["headers"]["Location"], json!(["/end"]));
    assert_eq!(answer.head["cookies"], json!({ "hop": "1" }));
    assert_eq!(answer.text(), "moved");
    let answer = call(&client, following(server.url("/302/303/307/end"))).await.unwrap();
    assert_eq!(answer.text(), "there");
    assert_eq!(server.seen().pop().unwrap().header("cookie"), "hop=1");
}

#[tokio::test]
async fn methods_change_as_browsers_change_them() {
    let server = hopping().await;
    let client = client_of(&[&server]);
    let cases = [
        (301, "POST", "GET"),
        (302, "PUT", "GET"),
        (303, "PATCH", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "DELETE", "DELETE"),
    ];
    for (status, method, then) in cases {
        let mut document = following(server.url(&format!("/{status}/end")));
        document["method"] = json!(method);
        document["headers"] = json!([["Content-Type", "text/x"], ["X-Mine", "1"]]);
        let body = (method != "HEAD").then_some(b"body".as_slice());
        call_with(&client, document, body).await.unwrap();
        let seen = server.seen().pop().unwrap();
        assert_eq!((seen.method.as_str(), seen.path()), (then, "/end"), "{status} {method}");
        assert_eq!(seen.header("x-mine"), "1");
        let (content_type, body) = if status > 303 { ("text/x", "body") } else { ("", "") };
        assert_eq!(
            (seen.header("content-type").as_str(), &seen.body),
            (content_type, &body.into())
        );
    }
}

#[tokio::test]
async fn there_is_an_end_to_it() {
    let server = hopping().await;
    let client = client_of(&[&server]);
    let answer = call(&client, following(server.url(&("/302".repeat(10) + "/end")))).await.unwrap();
    assert_eq!(answer.text(), "there");
    let message = failure(&client, following(server.url(&("/302".repeat(11) + "/end")))).await;
    assert_eq!(message, "stopped after 10 redirects");
}

#[tokio::test]
async fn a_redirect_to_nowhere_is_a_response() {
    let server = Server::start(|_| reply(302, &[], "where?")).await;
    let answer = call(&client_of(&[&server]), following(server.url("/"))).await.unwrap();
    assert_eq!((answer.head["statusCode"].as_u64(), answer.text()), (Some(302), "where?"));
}

#[tokio::test]
async fn only_the_web_is_redirected_to() {
    let server = pointing(302, "file:///etc/passwd".to_owned()).await;
    let message = failure(&client_of(&[&server]), following(server.url("/"))).await;
    assert_eq!(message, "unsupported protocol scheme \"file\"");
    let server = pointing(302, "http://".to_owned()).await;
    let message = failure(&client_of(&[&server]), following(server.url("/"))).await;
    assert!(message.starts_with("the redirect's Location is no URL"), "{message}");
}

fn with_secrets(url: String) -> Json {
    json!({
        "url": url,
        "followRedirects": true,
        "cookies": ["own=1"],
        "headers": [["Authorization", "Bearer x"], ["X-Key", "k"], ["Host", "virtual.example"]],
    })
}

#[tokio::test]
async fn secrets_stay_with_their_origin() {
    let end = Server::silent().await;
    let start = pointing(307, end.url("/end")).await;
    call(&client_of(&[&start, &end]), with_secrets(start.url("/"))).await.unwrap();
    let seen = end.only();
    assert_eq!((seen.header("authorization"), seen.header("cookie")), ("".into(), "".into()));
    assert_eq!((seen.header("host"), seen.header("x-key")), (end.address.clone(), "k".into()));

    let document = json!({ "url": start.url("/"), "followRedirects": true, "username": "u" });
    call(&client_of(&[&start, &end]), document).await.unwrap();
    assert!(start.seen().pop().unwrap().header("authorization").starts_with("Basic "));
    assert_eq!(end.seen().pop().unwrap().header("authorization"), "");

    let same = hopping().await;
    call(&client_of(&[&same]), with_secrets(same.url("/307/end"))).await.unwrap();
    let seen = same.seen().pop().unwrap();
    assert_eq!(seen.header("authorization"), "Bearer x");
    assert_eq!(seen.header("cookie"), "own=1; hop=1");
    assert_eq!(seen.header("host"), "virtual.example");
}

#[tokio::test]
async fn secrets_do_not_come_back() {
    let middle_address = Server::silent().await;
    let start = hopping().await;
    let back = pointing(307, start.url("/end")).await;
    let first = pointing(307, back.url("/")).await;
    let client = client_of(&[&middle_address, &start, &back, &first]);
    call(&client, with_secrets(first.url("/"))).await.unwrap();
    assert_eq!(first.only().header("authorization"), "Bearer x");
    assert_eq!(start.only().header("authorization"), "");
}
