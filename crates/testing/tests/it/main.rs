//! The servers themselves.

use std::net::TcpStream;

use hookstead_testing::{SecantusDb, StartError};

#[test]
fn servers_come_and_go_on_ports_of_their_own() {
    let mut one = SecantusDb::start();
    let other = SecantusDb::start();
    assert_ne!(one.address(), other.address());
    assert!(one.uri().contains(&one.address().to_string()));
    one.kill();
    assert!(TcpStream::connect(one.address()).is_err());
    assert!(TcpStream::connect(other.address()).is_ok());
    one.restart();
    assert!(TcpStream::connect(one.address()).is_ok());
    let address = one.address();
    drop(one);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_server_that_does_not_start_says_why() {
    match SecantusDb::try_start(&["--no-such-flag"]) {
        Err(StartError::Silent { log, .. }) => assert!(log.contains("--no-such-flag"), "{log}"),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the server knows the flag"),
    }
}
