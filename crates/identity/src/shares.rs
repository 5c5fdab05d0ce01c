//! Places that are shared out, so that a flood on one name or from one address leaves room.

use std::{collections::HashMap, net::IpAddr};

use bson::oid::ObjectId;

/// Whose a place is. What is not there does not limit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    pub(crate) name: Option<ObjectId>,
    pub(crate) network: Option<IpAddr>,
    /// Whether attempts from the network have failed lately, or many are under way.
    pub(crate) is_suspect: bool,
}

impl Whose {
    /// A place of somebody whom nothing speaks against, such as the operator.
    pub(crate) const OF_NOBODY: Self = Self { name: None, network: None, is_suspect: false };
}

/// What has a share: a name, a network, a name within a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Holder {
    name: Option<ObjectId>,
    network: Option<IpAddr>,
    is_suspect: bool,
}

/// Places, and who has taken how many of them.
pub(crate) struct Shares {
    places_max: usize,
    places_of_network_max: usize,
    taken: usize,
    taken_by_suspects: usize,
    taken_by: HashMap<Holder, usize>,
}

impl Shares {
    pub(crate) fn new(places_max: usize, places_of_network_max: usize) -> Self {
        Self {
            places_max,
            places_of_network_max,
            taken: 0,
            taken_by_suspects: 0,
            taken_by: HashMap::new(),
        }
    }

    /// Takes a place; answers whether there was one.
    ///
    /// Suspects have half of the places, a name a quarter, a network its own number, and one name
    /// within a network half of that. Suspects do not use up the shares of others.
    pub(crate) fn take(&mut self, whose: &Whose) -> bool {
        let suspects_max = self.places_max.div_ceil(2);
        let is_full = self.taken >= self.places_max
            || (whose.is_suspect && self.taken_by_suspects >= suspects_max);
        let holders = self.holders(whose);
        let has_share = |(holder, max): &(Holder, usize)| {
            self.taken_by.get(holder).copied().unwrap_or(0) < *max
        };
        if is_full || !holders.iter().flatten().all(has_share) {
            return false;
        }
        for (holder, _) in holders.into_iter().flatten() {
            *self.taken_by.entry(holder).or_insert(0) += 1;
        }
        self.taken += 1;
        self.taken_by_suspects += usize::from(whose.is_suspect);
        true
    }

    /// Gives back a place that was taken.
    pub(crate) fn give_back(&mut self, whose: &Whose) {
        for (holder, _) in self.holders(whose).into_iter().flatten() {
            if let Some(taken) = self.taken_by.get_mut(&holder) {
                *taken -= 1;
                if *taken == 0 {
                    self.taken_by.remove(&holder);
                }
            }
        }
        self.taken -= 1;
        self.taken_by_suspects -= usize::from(whose.is_suspect);
    }

    /// What a place is taken from, and how large each share is.
    fn holders(&self, whose: &Whose) -> [Option<(Holder, usize)>; 3] {
        let Whose { name, network, is_suspect } = *whose;
        let holder = |name, network| Holder { name, network, is_suspect };
        let of_network = self.places_of_network_max;
        [
            name.map(|name| (holder(Some(name), None), self.places_max.div_ceil(4))),
            network.map(|network| (holder(None, Some(network)), of_network)),
            name.zip(network)
                .map(|(name, network)| (holder(Some(name), Some(network)), of_network.div_ceil(2))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whose(name: u8, network: u8, is_suspect: bool) -> Whose {
        Whose {
            name: Some(ObjectId::from_bytes([name; 12])),
            network: Some(IpAddr::from([192, 0, 2, network])),
            is_suspect,
        }
    }

    /// How many places a flood gets.
    fn flood(shares: &mut Shares, of: impl Fn(u8) -> Whose) -> usize {
        (0..=254).filter(|number| shares.take(&of(*number))).count()
    }

    #[test]
    fn a_flood_leaves_room_for_others() {
        type Of = fn(u8) -> Whose;
        let floods: [(&str, Of, usize); 5] = [
            ("one name from one network", |_| whose(1, 1, true), 8),
            ("one name from everywhere", |n| whose(1, n, true), 16),
            ("many names from one network", |n| whose(n, 1, true), 16),
            ("many names from everywhere", |n| whose(n, n, true), 32),
            ("one name from new networks", |n| whose(1, n, false), 16),
        ];
        for (name, of, expected) in floods {
            let mut shares = Shares::new(64, 16);
            assert_eq!(flood(&mut shares, of), expected, "{name}");
            assert!(shares.take(&whose(255, 255, false)), "{name}: another user");
            let taken: Vec<_> = (0..=254).map(of).take(expected).collect();
            shares.give_back(&whose(255, 255, false));
            for whose in &taken {
                shares.give_back(whose);
            }
            assert_eq!((shares.taken, shares.taken_by_suspects), (0, 0), "{name}");
            assert!(shares.taken_by.is_empty(), "{name}");
        }
    }

    #[test]
    fn the_same_name_has_room_from_a_network_without_failures() {
        let mut shares = Shares::new(64, 16);
        flood(&mut shares, |n| whose(1, n, true));
        assert!(shares.take(&whose(1, 255, false)));
    }
}
