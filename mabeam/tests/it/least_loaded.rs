//! The example, run and held to what it says.

#[expect(dead_code, reason = "its `main` only runs what is tested here")]
#[path = "../../examples/least_loaded.rs"]
mod example;

const WANTED: &str = "\
Primes(10000) -> ada (load was 0)
Primes(1000) -> emmy (load was 0)
Primes(5000) -> emmy (load was 1000)
Words(\"to be or not to be\") -> grace (load was 0)
Words(\"that is the question\") -> grace (load was 18)
Primes(4500) -> emmy (load was 6000)
ada found [1229]
emmy found [168, 669, 610]
grace found [6, 4]
still busy: 0
";

#[tokio::test]
async fn work_goes_to_the_least_loaded_agent_that_can_do_it() {
    let mut out = Vec::new();
    example::run(&mut out).await.expect("the example runs to its end");
    assert_eq!(String::from_utf8(out).expect("text"), WANTED);
}
