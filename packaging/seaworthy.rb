# A Homebrew formula. Put in OWNER, and the checksums of the two archives from SHA256SUMS.
class Seaworthy < Formula
  desc "Launch of docker compose projects that were verified"
  homepage "https://github.com/OWNER/seaworthy"
  version "0.2.0"
  license any_of: ["MIT", "Apache-2.0"]
  depends_on :linux

  on_intel do
    url "https://github.com/OWNER/seaworthy/releases/download/v0.2.0/seaworthy-0.2.0-x86_64-linux.tar.gz"
    sha256 "SHA256_OF_X86_64"
  end
  on_arm do
    url "https://github.com/OWNER/seaworthy/releases/download/v0.2.0/seaworthy-0.2.0-aarch64-linux.tar.gz"
    sha256 "SHA256_OF_AARCH64"
  end

  def install
    bin.install "seaworthy"
    bash_completion.install "completions/bash" => "seaworthy"
    zsh_completion.install "completions/zsh" => "_seaworthy"
    fish_completion.install "completions/fish" => "seaworthy.fish"
    man1.install Dir["man/*.1.gz"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/seaworthy --version")
  end
end
