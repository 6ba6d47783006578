fn send(&self, id: u64) -> BoxFuture<'_, Result<(), Error>> {
    let lodger_taken_0 = {
        use ::lodger_axum::rt::probe::prelude::*;
        (&&&::lodger_axum::rt::probe::Given::new(&(id), "invoice.send")).lodger_given()
    };
    let lodger_future = ::lodger_axum::rt::run(move || -> BoxFuture<
        '_,
        Result<(), Error>,
    > { Box::pin(self.mail(id)) });
    let lodger_future = async move {
        let mut lodger_call = ::lodger_axum::rt::Call::begin({
            static __LODGER_SITE: ::lodger_axum::rt::Site = ::lodger_axum::rt::Site::new(
                    "invoice.send",
                    "send",
                    ::core::file!(),
                    ::core::line!(),
                    ::core::module_path!(),
                )
                .method();
            ::lodger_axum::rt::inventory::submit! {
                ::lodger_axum::rt::Registered(& __LODGER_SITE)
            }
            &__LODGER_SITE
        });
        ::lodger_axum::rt::Call::target(&mut lodger_call, lodger_taken_0);
        let lodger_returned: Result<(), Error> = ::lodger_axum::rt::Call::around(
                &lodger_call,
                lodger_future,
            )
            .await;
        {
            use ::lodger_axum::rt::probe::prelude::*;
            let lodger_verdict = {
                let lodger_returned = &lodger_returned;
                (&&::lodger_axum::rt::probe::Ret::new(lodger_returned)).lodger_verdict()
            };
            ::lodger_axum::rt::Call::stage(lodger_call, lodger_verdict);
        }
        lodger_returned
    };
    ::std::boxed::Box::pin(lodger_future)
}
