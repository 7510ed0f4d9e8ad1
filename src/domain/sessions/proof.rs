//! How a requester proved to own an account.

use crate::{
    domain::{
        Anonymous, Error,
        access::require_active,
        invitations::{self, Invitation},
        registration,
        unit_of_work::UnitOfWork,
    },
    gateway::Gateway,
    model::{Contact, Mobile, SessionId, UserId},
    store::{logins::LoginState, users},
};

/// How a requester proved to own an account.
#[derive(Clone)]
pub(super) enum Proof {
    /// By its password, which was compared with this hash. The proof is void if the hash has changed since: a change of
    /// password ends all sessions, including those about to be opened (security.md 8).
    Password {
        /// The account.
        user: UserId,
        /// The stored hash at the time of the comparison.
        hash: Option<String>,
    },
    /// By another session, which must still be live.
    Session {
        /// The account.
        user: UserId,
        /// The session.
        session: SessionId,
    },
    /// By a code sent to this number.
    Code {
        /// The number.
        mobile: Mobile,
        /// The account to create; `None` if the number already had one.
        new: Option<NewAccount>,
    },
}

/// An account that is created by a login with a code.
#[derive(Clone)]
pub(super) struct NewAccount {
    nickname: String,
    invitation: Option<Invitation>,
}

impl NewAccount {
    pub(super) fn new(
        gateway: &Gateway,
        anonymous: &Anonymous,
        mobile: &Mobile,
        inviter: Option<UserId>,
    ) -> Result<Self, Error> {
        Ok(Self {
            nickname: registration::first_nickname(gateway, anonymous.origin().language)?,
            invitation: inviter.map(|inviter| Invitation::new(gateway, anonymous, inviter, mobile)),
        })
    }

    pub(super) fn create(&self, tx: &mut UnitOfWork<'_>, mobile: &Mobile) -> Result<UserId, Error> {
        let user = registration::insert_by_mobile(tx, mobile, &self.nickname)?;
        if let Some(invitation) = &self.invitation {
            invitations::accept(tx, invitation, user)?;
        }
        Ok(user)
    }
}

impl Proof {
    /// The session that is the proof.
    pub(super) const fn session(&self) -> Option<SessionId> {
        match self {
            Self::Session { session, .. } => Some(*session),
            Self::Password { .. } | Self::Code { .. } => None,
        }
    }

    /// The account, if the proof names it.
    pub(super) const fn account(&self) -> Option<UserId> {
        match self {
            Self::Password { user, .. } | Self::Session { user, .. } => Some(*user),
            Self::Code { .. } => None,
        }
    }

    /// The account that the code logs in to, and whether it was created because there was none. Locks it.
    pub(super) fn find_by_code(
        tx: &mut UnitOfWork<'_>,
        mobile: &Mobile,
        new: Option<&NewAccount>,
    ) -> Result<(UserId, bool), Error> {
        let contact = Contact::Mobile(mobile.clone());
        // An unconfirmed number is taken over by whoever proves control of it.
        users::release_unconfirmed(tx.conn, tx.tenant, &contact)?;
        let owner = users::find_confirmed_owner(tx.conn, tx.tenant, &contact)?;
        match (owner, new) {
            (Some(owner), _) => {
                users::lock(tx.conn, tx.tenant, owner)?;
                // The account may have lost the number before it was locked.
                let is_still = users::find_confirmed_owner(tx.conn, tx.tenant, &contact)? == Some(owner);
                if is_still { Ok((owner, false)) } else { Err(Error::Busy) }
            }
            (None, Some(new)) => Ok((new.create(tx, mobile)?, true)),
            // In the meantime the account was deleted or bound to another number.
            (None, None) => Err(Error::Busy),
        }
    }

    /// Checks the proof again, against the locked account.
    pub(super) fn check(&self, state: &LoginState) -> Result<(), Error> {
        match self {
            // The password was changed, or only rehashed by another login; the client may retry in either case.
            Self::Password { hash, .. } if *hash != state.credentials.password_hash => return Err(Error::Busy),
            Self::Password { .. } | Self::Session { .. } | Self::Code { .. } => {}
        }
        require_active(state.credentials.status)?;
        let is_live = |session| state.devices.iter().any(|device| device.session == Some(session));
        if self.session().is_none_or(is_live) { Ok(()) } else { Err(Error::TokenEnded) }
    }
}
