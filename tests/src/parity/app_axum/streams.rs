//! Bodies that come and go in pieces, and connections that become something else.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::{Stream, StreamExt, stream};
use lodger_axum::{Audit, Target, audited, current};

use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes() -> Router<World> {
    Router::new()
        .route("/feeds", get(feed))
        .route("/exports", post(export))
        .route("/uploads", post(upload))
        .route("/chats", get(chat))
        .route("/relays", post(relay))
        .route("/retries", post(retry))
}

/// Server-sent events. The stream goes on long after the function has returned, and says so when it ends.
#[audited("feed.open", target(feed = "f1"))]
async fn feed(
    _user: CurrentUser,
    State(world): State<World>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let audit = current().unwrap();
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("feed.end").target(Target::new("feed", "f1"));
        Ok(Event::default().data("the end"))
    });
    Ok(Sse::new(last))
}

/// A body that breaks off: the status has been sent by then.
#[audited("export.send", target(export = "e1"))]
async fn export(_user: CurrentUser, State(world): State<World>) -> Result<Response, ApiError> {
    let pieces = stream::once(async move {
        world.gates.pass("stream").await;
        Err::<&str, _>(ApiError(500))
    });
    Ok(Body::from_stream(pieces).into_response())
}

/// Reads its body piece by piece, and says how much it was.
#[audited("file.upload", target(file = "u1"))]
async fn upload(_user: CurrentUser, audit: Audit, body: Body) -> Result<StatusCode, ApiError> {
    let mut pieces = body.into_data_stream();
    let mut bytes = 0;
    while let Some(piece) = pieces.next().await {
        bytes += piece.map_err(|_| ApiError(400))?.len();
    }
    audit.metadata("bytes", bytes);
    Ok(StatusCode::CREATED)
}

/// A WebSocket. Each message is an act of its own, long after the response.
#[audited("chat.open", target(chat = "c1"))]
async fn chat(_user: CurrentUser, audit: Audit, upgrade: WebSocketUpgrade) -> Result<Response, ApiError> {
    Ok(upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(Message::Text(said))) = socket.recv().await {
            audit.record("chat.say").target(Target::new("chat", "c1")).metadata("said", said.as_str());
            socket.send(Message::text("heard")).await.unwrap();
        }
    }))
}

#[audited("relay.pass", target(relay = "r1"))]
async fn pass(_user: CurrentUser) -> Result<(), ApiError> {
    Ok(())
}

/// No annotated function itself. It calls two, each by another user, and its stream says something when it ends.
async fn relay(State(world): State<World>, audit: Audit) -> Result<Response, ApiError> {
    for id in ["ada", "bob"] {
        pass(CurrentUser { id: id.to_owned() }).await?;
    }
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("relay.end").target(Target::new("relay", "r1"));
        Ok::<_, ApiError>("over")
    });
    Ok(Body::from_stream(last).into_response())
}

/// An error that is told under a 200, as some protocols do. Its stream says something through the extractor's handle.
#[audited("retry.start", target(retry = "t1"))]
async fn retry(_user: CurrentUser, State(world): State<World>, audit: Audit) -> Result<(), Response> {
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("retry.end").target(Target::new("retry", "t1"));
        Ok::<_, ApiError>("over")
    });
    Err(Body::from_stream(last).into_response())
}
