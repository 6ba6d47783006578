async fn update(
    user: Extension<CurrentUser>,
    Path(id): Path<u64>,
    Json(body): Json<Update>,
) -> Result<Json<Invoice>, ApiError> {
    let mut call = {
        use ::lodger_axum::rt::probe::prelude::*;
        let mut call = ::lodger_axum::rt::Call::begin({
            static __LODGER_SITE: ::lodger_axum::rt::Site = ::lodger_axum::rt::Site::new(
                    "invoice.update",
                    "update",
                    ::core::file!(),
                    ::core::line!(),
                    ::core::module_path!(),
                )
                .fields(&["amount"]);
            ::lodger_axum::rt::inventory::submit! {
                ::lodger_axum::rt::Registered(& __LODGER_SITE)
            }
            &__LODGER_SITE
        });
        call.field("amount", &(body.amount));
        call.actor_arg((&&&::lodger_axum::rt::probe::Arg::whole(&user)).lodger_actor());
        call.target_arg(
            (&&&::lodger_axum::rt::probe::Arg::whole(&user)).lodger_target(),
        );
        call.target_arg(
            (&&&::lodger_axum::rt::probe::Arg::<Path<u64>, _>::inside(&id))
                .lodger_target(),
        );
        call
    };
    let returned: Result<Json<Invoice>, ApiError> = call
        .around(async move {
            if false {
                return ::lodger_axum::rt::unreached::<Result<Json<Invoice>, ApiError>>();
            }
            let returned: Result<Json<Invoice>, ApiError> = if true {
                save(id, body).await
            } else {
                ::lodger_axum::rt::unreached::<Result<Json<Invoice>, ApiError>>()
            };
            returned
        })
        .await;
    {
        use ::lodger_axum::rt::probe::prelude::*;
        let verdict = {
            let returned = &returned;
            (&&::lodger_axum::rt::probe::Ret::new(returned)).lodger_verdict()
        };
        if let ::core::option::Option::Some(ok) = (&&::lodger_axum::rt::probe::Ret::new(
            &returned,
        ))
            .lodger_ok()
        {
            call.ok_target(
                (&&&::lodger_axum::rt::probe::Value::new(ok)).lodger_target(),
            );
            match ok {
                invoice => {
                    call.target(::lodger_axum::rt::target_of("invoice", &(invoice.id)));
                }
                _ => {}
            }
        }
        call.stage(verdict);
    }
    returned
}
