#!/usr/bin/perl
# Stands in for CloudStack's script of this name: link it where the agent looks first (see README.md, "CloudStack").
# perl in spite of its name, so that no shell has to be started before netkeep-hook; for callers who start one:
eval 'exec /usr/bin/perl "$0" "$@"'
  if 0;
unshift @ARGV, "cloudstack";
# Not exec: to start one more program is a part of the cost that counts.
for (split /:/, $ENV{PATH} // "/usr/bin") {
  do "$_/netkeep-hook" if -e "$_/netkeep-hook";
}
print STDERR "modifymacip.sh: no netkeep-hook in PATH\n";
exit 1;
