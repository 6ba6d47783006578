fn send(&self, id: u64) -> BoxFuture<'_, Result<(), Error>> {
    let taken_0 = {
        use ::lodger_axum::rt::probe::prelude::*;
        (&&&::lodger_axum::rt::probe::Given::new(&(id), "invoice.send")).lodger_given()
    };
    let future = ::lodger_axum::rt::run(move || -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(self.mail(id))
    });
    let future = async move {
        let mut call = ::lodger_axum::rt::Call::begin({
            static __LODGER_SITE: ::lodger_axum::rt::Site = ::lodger_axum::rt::Site::new(
                "invoice.send",
                "send",
                ::core::file!(),
                ::core::line!(),
                ::core::module_path!(),
            );
            ::lodger_axum::rt::inventory::submit! {
                ::lodger_axum::rt::Registered(& __LODGER_SITE)
            }
            &__LODGER_SITE
        });
        call.target(taken_0);
        let returned: Result<(), Error> = call.around(future).await;
        {
            use ::lodger_axum::rt::probe::prelude::*;
            let verdict = {
                let returned = &returned;
                (&&::lodger_axum::rt::probe::Ret::new(returned)).lodger_verdict()
            };
            call.stage(verdict);
        }
        returned
    };
    ::std::boxed::Box::pin(future)
}
