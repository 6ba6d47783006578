//! The server.

use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, HttpServer, web};
use lodger_actix::Lodger;
use tokio::sync::oneshot;

use super::{app, layer, middleware};
use crate::parity::World;

/// Serves until `stopped`.
pub fn serve(listener: std::net::TcpListener, lodger: Lodger, world: World, stopped: oneshot::Receiver<()>) {
    actix_web::rt::System::new().block_on(async move {
        let (drops, http2) = (world.setup.actix_drops, world.setup.http2);
        let app = move || {
            App::new()
                .app_data(web::Data::new(world.clone()))
                .configure(|config| app(config, &lodger, &world))
                .wrap(from_fn(middleware::pause))
                .wrap(from_fn(middleware::turn))
                .wrap(from_fn(middleware::authenticate_inside))
                .wrap(Condition::new(world.setup.layers > 0, layer(&lodger, &world.setup)))
                .wrap(Condition::new(world.setup.layers > 1, layer(&lodger, &world.setup)))
                .wrap(from_fn(middleware::authenticate_outside))
        };
        let server = HttpServer::new(app).workers(1).disable_signals().h1_allow_half_closed(!drops);
        let server = if http2 { server.listen_auto_h2c(listener) } else { server.listen(listener) };
        let server = server.unwrap().run();
        let handle = server.handle();
        tokio::select! {
            result = server => result.unwrap(),
            _ = stopped => handle.stop(false).await,
        }
    });
}
