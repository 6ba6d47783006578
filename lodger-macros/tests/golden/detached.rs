async fn place(_user: CurrentUser) -> impl IntoResponse {
    let mut call = {
        use ::lodger_axum::rt::probe::prelude::*;
        let mut call = ::lodger_axum::rt::Call::begin({
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
                call
                    .actor_arg(
                        (&&&::lodger_axum::rt::probe::Arg::whole(&_user)).lodger_actor(),
                    ),
            ) = [];
        }
        {
            *::lodger_axum::rt::quietly(
                call
                    .target_arg(
                        (&&&::lodger_axum::rt::probe::Arg::whole(&_user)).lodger_target(),
                    ),
            ) = [];
        }
        call
    };
    ::lodger_axum::rt::detach(async move {
            let returned: _ = call
                .around(async move {
                    if false {
                        return ::lodger_axum::rt::unreached::<_>();
                    }
                    let returned: _ = if true {
                        StatusCode::CREATED
                    } else {
                        ::lodger_axum::rt::unreached::<_>()
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
                }
                call.stage(verdict);
            }
            returned
        })
        .await
}
