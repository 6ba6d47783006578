async fn place(_user: CurrentUser) -> impl IntoResponse {
    let mut lodger_call = {
        use ::lodger_axum::rt::probe::prelude::*;
        let mut lodger_call = ::lodger_axum::rt::Call::begin({
            static __LODGER_SITE: ::lodger_axum::rt::Site = ::lodger_axum::rt::Site::new(
                "order.place",
                "place",
                ::core::file!(),
                ::core::line!(),
                ::core::module_path!(),
            );
            ::lodger_axum::rt::inventory::submit! {
                ::lodger_axum::rt::Registered(& __LODGER_SITE)
            }
            &__LODGER_SITE
        });
        {
            *::lodger_axum::rt::quietly(
                ::lodger_axum::rt::Call::argument(
                    &mut lodger_call,
                    (
                        (&&&::lodger_axum::rt::probe::Arg::whole(&_user)).lodger_actor(),
                        (&&&::lodger_axum::rt::probe::Arg::whole(&_user)).lodger_target(),
                    ),
                ),
            ) = [];
        }
        lodger_call
    };
    ::lodger_axum::rt::detach(async move {
            let lodger_returned: _ = ::lodger_axum::rt::Call::around(
                    &lodger_call,
                    async move {
                        if false {
                            return ::lodger_axum::rt::unreached::<_>();
                        }
                        let lodger_returned: _ = if true {
                            StatusCode::CREATED
                        } else {
                            ::lodger_axum::rt::unreached::<_>()
                        };
                        lodger_returned
                    },
                )
                .await;
            {
                use ::lodger_axum::rt::probe::prelude::*;
                let lodger_verdict = {
                    let lodger_returned = &lodger_returned;
                    (&&::lodger_axum::rt::probe::Ret::new(lodger_returned))
                        .lodger_verdict()
                };
                if let ::core::option::Option::Some(lodger_ok) = (&&::lodger_axum::rt::probe::Ret::new(
                    &lodger_returned,
                ))
                    .lodger_ok()
                {
                    ::lodger_axum::rt::Call::ok_target(
                        &mut lodger_call,
                        (&&&::lodger_axum::rt::probe::Value::new(lodger_ok))
                            .lodger_target(),
                    );
                }
                ::lodger_axum::rt::Call::stage(lodger_call, lodger_verdict);
            }
            lodger_returned
        })
        .await
}
