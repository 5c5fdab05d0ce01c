//! The checks of a request, in their order: one file a step.
//!
//! A request is a [`Passed`], whose type names the step that it has passed last. Each step takes
//! what the step before it has made, and only the last one makes a [`Permitted`], without which no
//! function runs: a step that is left out or swapped with another one does not compile.
//!
//! The cheap checks come first, so that a forged request costs microseconds and no JavaScript.

mod address;
mod body;
mod capacity;
mod certificate;
mod claim;
mod client;
mod condition;
mod credentials;
mod framing;
mod function;
pub(crate) mod head;
mod identity;
mod network;
pub(crate) mod origin;
mod passed;
pub(crate) mod place;
mod preflight;
mod proof;
mod route;
pub(crate) mod script;
mod size;
mod turn;
mod unknown_path;
mod verify;

pub(crate) use self::passed::{Arrived, Asking, Known, Passed, Permitted, Received, Stop};

/// Defines [`admit`], which takes a request through the steps, and [`STEPS`], their names.
macro_rules! steps {
    ($($step:ident $(. $wait:ident)?),* $(,)?) => {
        /// The names of the steps, in their order.
        #[cfg(test)]
        const STEPS: &[&str] = &[$(stringify!($step)),*];

        /// Takes a request through every step.
        pub(crate) async fn admit(request: Passed<'_, Received>) -> Result<Permitted, Stop> {
            $(let request = $step::check(request)$(.$wait)??;)*
            Ok(request)
        }
    };
}

steps! {
    framing,
    capacity,
    head,
    network,
    address,
    origin,
    preflight,
    size,
    client.await,
    route,
    claim,
    body.await,
    proof.await,
    identity.await,
    condition.await,
    function,
    turn,
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    /// The steps that ARCHITECTURE.md lists under "The way of a request".
    fn documented() -> Vec<String> {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ARCHITECTURE.md");
        let text = std::fs::read_to_string(path).unwrap();
        let (_, section) = text.split_once("\n## The way of a request\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let items = section.lines().filter_map(|line| line.split_once(". `"));
        items
            .filter(|(number, _)| number.parse::<usize>().is_ok())
            .map(|(_, item)| item.split('`').next().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn the_steps_are_those_of_the_architecture_in_its_order() {
        assert_eq!(STEPS, documented(), "the code (left) and ARCHITECTURE.md (right)");
    }
}
