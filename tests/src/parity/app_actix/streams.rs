//! Bodies that come and go in pieces, and connections that become something else.

use actix_web::error::InternalError;
use actix_web::web::{Bytes, Data, Payload, ServiceConfig, get, post, resource};
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_ws::Message;
use futures_util::{StreamExt, stream};
use lodger_actix::{Audit, Target, audited, current};

use crate::parity::{ApiError, CurrentUser, World};

pub(super) fn routes(app: &mut ServiceConfig) {
    app.service(resource("/feeds").route(get().to(feed)))
        .service(resource("/exports").route(post().to(export)))
        .service(resource("/uploads").route(post().to(upload)))
        .service(resource("/chats").route(get().to(chat)))
        .service(resource("/relays").route(post().to(relay)))
        .service(resource("/retries").route(post().to(retry)));
}

/// Server-sent events. The stream goes on long after the function has returned, and says so when it ends.
#[audited("feed.open", target(feed = "f1"))]
async fn feed(_user: CurrentUser, world: Data<World>) -> Result<HttpResponse, ApiError> {
    let audit = current().unwrap();
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("feed.end").target(Target::new("feed", "f1"));
        Ok::<_, ApiError>(Bytes::from_static(b"data: the end\n\n"))
    });
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(last))
}

/// A body that breaks off: the status has been sent by then.
#[audited("export.send", target(export = "e1"))]
async fn export(_user: CurrentUser, world: Data<World>) -> Result<HttpResponse, ApiError> {
    let pieces = stream::once(async move {
        world.gates.pass("stream").await;
        Err::<Bytes, _>(ApiError(500))
    });
    Ok(HttpResponse::Ok().streaming(pieces))
}

/// Reads its body piece by piece, and says how much it was.
#[audited("file.upload", target(file = "u1"))]
async fn upload(_user: CurrentUser, audit: Audit, mut body: Payload) -> Result<HttpResponse, ApiError> {
    let mut bytes = 0;
    while let Some(piece) = body.next().await {
        bytes += piece.map_err(|_| ApiError(400))?.len();
    }
    audit.metadata("bytes", bytes);
    Ok(HttpResponse::Created().finish())
}

/// A WebSocket. Each message is an act of its own, long after the response.
#[audited("chat.open", target(chat = "c1"))]
async fn chat(
    _user: CurrentUser,
    audit: Audit,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, ApiError> {
    let (response, mut session, mut socket) = actix_ws::handle(&request, body).map_err(|_| ApiError(400))?;
    actix_web::rt::spawn(async move {
        while let Some(Ok(Message::Text(said))) = socket.next().await {
            audit.record("chat.say").target(Target::new("chat", "c1")).metadata("said", &*said);
            session.text("heard").await.unwrap();
        }
    });
    Ok(response)
}

#[audited("relay.pass", target(relay = "r1"))]
async fn pass(_user: CurrentUser) -> Result<(), ApiError> {
    Ok(())
}

/// No annotated function itself. It calls two, each by another user, and its stream says something when it ends.
async fn relay(world: Data<World>, audit: Audit) -> Result<HttpResponse, ApiError> {
    for id in ["ada", "bob"] {
        pass(CurrentUser { id: id.to_owned() }).await?;
    }
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("relay.end").target(Target::new("relay", "r1"));
        Ok::<_, ApiError>(Bytes::from_static(b"over"))
    });
    Ok(HttpResponse::Ok().streaming(last))
}

/// An error that is told under a 200, as some protocols do. Its stream says something through the extractor's handle.
#[audited("retry.start", target(retry = "t1"))]
async fn retry(_user: CurrentUser, world: Data<World>, audit: Audit) -> Result<HttpResponse, Error> {
    let last = stream::once(async move {
        world.gates.pass("stream").await;
        audit.record("retry.end").target(Target::new("retry", "t1"));
        Ok::<_, ApiError>(Bytes::from_static(b"over"))
    });
    let told = HttpResponse::Ok().streaming(last);
    Err(InternalError::from_response(ApiError(409), told).into())
}
