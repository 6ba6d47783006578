async fn update(
    user: Extension<CurrentUser>,
    Path(id): Path<u64>,
    Json(body): Json<Update>,
) -> Result<Json<Invoice>, ApiError> {
    let mut lodger_call = {
        use ::lodger_axum::rt::probe::prelude::*;
        let mut lodger_call = ::lodger_axum::rt::Call::begin({
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
        ::lodger_axum::rt::Call::field(&mut lodger_call, "amount", &(body.amount));
        ::lodger_axum::rt::Call::argument(
            &mut lodger_call,
            (
                (&&&::lodger_axum::rt::probe::Arg::whole(&user)).lodger_actor(),
                (&&&::lodger_axum::rt::probe::Arg::whole(&user)).lodger_target(),
            ),
        );
        ::lodger_axum::rt::Call::argument(
            &mut lodger_call,
            (
                ::core::option::Option::None,
                (&&&::lodger_axum::rt::probe::Arg::<Path<u64>, _>::inside(&id))
                    .lodger_target(),
            ),
        );
        lodger_call
    };
    let lodger_returned: Result<Json<Invoice>, ApiError> = ::lodger_axum::rt::Call::around(
            &lodger_call,
            async move {
                if false {
                    return ::lodger_axum::rt::unreached::<
                        Result<Json<Invoice>, ApiError>,
                    >();
                }
                let lodger_returned: Result<Json<Invoice>, ApiError> = if true {
                    save(id, body).await
                } else {
                    ::lodger_axum::rt::unreached::<Result<Json<Invoice>, ApiError>>()
                };
                lodger_returned
            },
        )
        .await;
    {
        use ::lodger_axum::rt::probe::prelude::*;
        let lodger_verdict = {
            let lodger_returned = &lodger_returned;
            (&&::lodger_axum::rt::probe::Ret::new(lodger_returned)).lodger_verdict()
        };
        if let ::core::option::Option::Some(lodger_ok) = (&&::lodger_axum::rt::probe::Ret::new(
            &lodger_returned,
        ))
            .lodger_ok()
        {
            ::lodger_axum::rt::Call::ok_target(
                &mut lodger_call,
                (&&&::lodger_axum::rt::probe::Value::new(lodger_ok)).lodger_target(),
            );
            match lodger_ok {
                invoice => {
                    ::lodger_axum::rt::Call::target(
                        &mut lodger_call,
                        ::lodger_axum::rt::target_of("invoice", &(invoice.id)),
                    );
                }
                _ => {}
            }
        }
        ::lodger_axum::rt::Call::stage(lodger_call, lodger_verdict);
    }
    lodger_returned
}
