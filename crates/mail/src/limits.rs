//! How many mails callers can make the program send: to one mailbox, from one network, and in all.

use std::{
    collections::{HashMap, VecDeque, hash_map::RandomState},
    hash::{BuildHasher as _, Hash},
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::Recipient;

/// Mails of this time are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// How many mails there may be.
#[derive(Debug, Clone, Copy)]
pub struct MailLimits {
    /// Mails that wait to be sent, those included that are tried again later.
    pub queue_max: usize,
    /// Mails in an hour. A mail that is counted takes about 100 bytes of memory for that hour.
    pub per_hour_max: usize,
    /// Mails to one mailbox in an hour.
    pub per_mailbox_and_hour_max: u32,
    /// Mails in an hour that one network asks for.
    pub per_network_and_hour_max: u32,
}

impl Default for MailLimits {
    fn default() -> Self {
        Self {
            queue_max: 1000,
            per_hour_max: 10_000,
            per_mailbox_and_hour_max: 10,
            per_network_and_hour_max: 100,
        }
    }
}

/// Which limit is reached, for the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitReached {
    /// Of mails that wait.
    #[error("the queue of mails is full ([mail] queue_max)")]
    Queue,
    /// Of mails in all.
    #[error("so many mails were sent in the last hour ([mail] mails_per_hour_max)")]
    Total,
    /// Of mails to this mailbox.
    #[error(
        "so many mails were sent to this address in the last hour \
         ([mail] mails_to_address_per_hour_max)"
    )]
    Mailbox,
    /// Of mails that this network asks for.
    #[error(
        "so many mails were asked for from this network in the last hour \
         ([mail] mails_of_network_per_hour_max)"
    )]
    Network,
}

/// The mails of the last hour.
pub(crate) struct Counts {
    limits: MailLimits,
    /// The oldest first.
    counted: VecDeque<Counted>,
    mailboxes: HashMap<u64, u32>,
    networks: HashMap<IpAddr, u32>,
    hasher: RandomState,
}

/// A mail that is counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Counted {
    at: Instant,
    /// A keyed digest: addresses need not be kept.
    mailbox: u64,
    network: IpAddr,
}

impl Counts {
    pub(crate) fn new(limits: MailLimits) -> Self {
        let (mailboxes, networks) = (HashMap::new(), HashMap::new());
        Self { limits, counted: VecDeque::new(), mailboxes, networks, hasher: RandomState::new() }
    }

    /// Counts a mail, unless there are too many.
    pub(crate) fn add(
        &mut self,
        to: &Recipient,
        network: IpAddr,
        now: Instant,
    ) -> Result<Counted, LimitReached> {
        self.forget(now);
        let mailbox = self.hasher.hash_one(to.mailbox_key());
        let of_mailbox = self.mailboxes.get(&mailbox).copied().unwrap_or_default();
        let of_network = self.networks.get(&network).copied().unwrap_or_default();
        if of_network >= self.limits.per_network_and_hour_max {
            return Err(LimitReached::Network);
        }
        if of_mailbox >= self.limits.per_mailbox_and_hour_max {
            return Err(LimitReached::Mailbox);
        }
        if self.counted.len() >= self.limits.per_hour_max {
            return Err(LimitReached::Total);
        }
        let counted = Counted { at: now, mailbox, network };
        self.counted.push_back(counted);
        self.mailboxes.insert(mailbox, of_mailbox + 1);
        self.networks.insert(network, of_network + 1);
        Ok(counted)
    }

    /// Takes a mail back that is not sent after all.
    pub(crate) fn remove(&mut self, counted: Counted) {
        // It is one of the last ones: reservations are short.
        if let Some(index) = self.counted.iter().rposition(|other| *other == counted) {
            self.counted.remove(index);
            self.uncount(counted);
        }
    }

    fn forget(&mut self, now: Instant) {
        while let Some(oldest) = self.counted.front().copied() {
            if now.duration_since(oldest.at) < WINDOW {
                return;
            }
            self.counted.pop_front();
            self.uncount(oldest);
        }
    }

    fn uncount(&mut self, counted: Counted) {
        decrement(&mut self.mailboxes, counted.mailbox);
        decrement(&mut self.networks, counted.network);
    }
}

fn decrement<K: Hash + Eq>(counts: &mut HashMap<K, u32>, key: K) {
    if let Some(count) = counts.get_mut(&key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn to(text: &str) -> Recipient {
        Recipient::parse(text).unwrap()
    }

    fn counts() -> Counts {
        Counts::new(MailLimits {
            queue_max: 9,
            per_hour_max: 5,
            per_mailbox_and_hour_max: 2,
            per_network_and_hour_max: 3,
        })
    }

    #[test]
    fn each_limit_refuses_what_is_beyond_it_until_an_hour_has_passed() {
        let (mut counts, start) = (counts(), Instant::now());
        let later = start + WINDOW;
        let cases = [
            ("a@example.com", HERE, start, Ok(())),
            ("A+x@example.com", HERE, start, Ok(())),
            ("a@example.com", THERE, start, Err(LimitReached::Mailbox)),
            ("b@example.com", HERE, start, Ok(())),
            ("c@example.com", HERE, start, Err(LimitReached::Network)),
            ("c@example.com", THERE, start, Ok(())),
            ("d@example.com", THERE, start, Ok(())),
            ("e@example.com", THERE, start, Err(LimitReached::Total)),
            ("a@example.com", HERE, later - Duration::from_millis(1), Err(LimitReached::Network)),
            ("a@example.com", HERE, later, Ok(())),
        ];
        for (address, network, at, expected) in cases {
            let outcome = counts.add(&to(address), network, at).map(|_| ());
            assert_eq!(outcome, expected, "{address} {network}");
        }
        assert_eq!(
            (counts.counted.len(), counts.mailboxes.len(), counts.networks.len()),
            (1, 1, 1)
        );
    }

    #[test]
    fn a_mail_that_is_not_sent_does_not_count() {
        let (mut counts, now) = (counts(), Instant::now());
        for _ in 0..100 {
            let counted = counts.add(&to("a@example.com"), HERE, now).unwrap();
            counts.remove(counted);
            // Twice is once.
            counts.remove(counted);
        }
        assert!(counts.mailboxes.is_empty() && counts.networks.is_empty());
    }
}
