fn main() { std::process::exit(seaworthy::run()) }
