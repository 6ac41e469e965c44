//! Stores as processes, through the public API alone.

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod dead_letters;
#[cfg(test)]
mod process;
#[cfg(test)]
mod support;
