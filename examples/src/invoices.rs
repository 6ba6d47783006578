//! Invoices, kept in memory, and what can be done to them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lodger_core::event::{Target, ToTarget};
use serde::{Deserialize, Serialize};

use crate::users::CurrentUser;

/// An invoice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// Stable identifier.
    pub id: u64,
    /// Who pays.
    pub customer: String,
    /// In cents.
    pub amount: u64,
}

/// An invoice is something that can be audited.
impl ToTarget for Invoice {
    fn to_target(&self) -> Target {
        Target::new("invoice", self.id)
    }
}

/// What a client says to create an invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewInvoice {
    /// Who pays.
    pub customer: String,
    /// In cents.
    pub amount: u64,
}

/// What a client says to change an invoice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Correction {
    /// In cents.
    pub amount: u64,
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// Nobody is signed in.
    SignIn,
    /// The user may not.
    Forbidden,
    /// There is no such invoice.
    NotFound,
}

impl Problem {
    /// The HTTP status for it.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::SignIn => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "sign in first: send `Authorization: Bearer ada-token`",
            Self::Forbidden => "you may not delete invoices",
            Self::NotFound => "there is no such invoice",
        })
    }
}

impl std::error::Error for Problem {}

/// All invoices. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Invoices(Arc<Mutex<BTreeMap<u64, Invoice>>>);

impl Invoices {
    /// Creates an invoice.
    #[must_use]
    pub fn create(&self, new: NewInvoice) -> Invoice {
        self.with(|all| {
            let id = all.keys().next_back().map_or(1, |last| last + 1);
            let invoice = Invoice { id, customer: new.customer, amount: new.amount };
            all.insert(id, invoice.clone());
            invoice
        })
    }

    /// Reads an invoice.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`].
    pub fn read(&self, id: u64) -> Result<Invoice, Problem> {
        self.with(|all| all.get(&id).cloned()).ok_or(Problem::NotFound)
    }

    /// Changes an invoice; answers with it as it was and as it is.
    ///
    /// # Errors
    ///
    /// [`Problem::NotFound`].
    pub fn correct(&self, id: u64, correction: &Correction) -> Result<(Invoice, Invoice), Problem> {
        self.with(|all| {
            let invoice = all.get_mut(&id).ok_or(Problem::NotFound)?;
            let before = invoice.clone();
            invoice.amount = correction.amount;
            Ok((before, invoice.clone()))
        })
    }

    /// Deletes an invoice.
    ///
    /// # Errors
    ///
    /// [`Problem::Forbidden`] and [`Problem::NotFound`].
    pub fn delete(&self, user: &CurrentUser, id: u64) -> Result<(), Problem> {
        if !user.may_delete {
            return Err(Problem::Forbidden);
        }
        self.with(|all| all.remove(&id)).map(|_| ()).ok_or(Problem::NotFound)
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<u64, Invoice>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
