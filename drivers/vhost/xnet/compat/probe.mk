# SPDX-License-Identifier: GPL-2.0-only
# Finds out what the kernel's headers have, by compiling the files of probe/
# with the kernel's own flags. The answers, one macro each, are in probed.h,
# which is made again when the kernel, its configuration or a probe changes.

xnet-probes := $(sort $(wildcard $(src)/compat/probe/*.c))

# The dependency file is the object's; a probe leaves none.
quiet_cmd_xnet_probe = PROBE   $@
      cmd_xnet_probe = $(CONFIG_SHELL) $(src)/compat/probe.sh $@ $(src)/compat/probe \
		       $(CC) $(filter-out -Wp$(comma)-MMD%,$(c_flags))

$(obj)/compat/probed.h: part-of-module := y
$(obj)/compat/probed.h: $(src)/compat/probe.sh $(xnet-probes) \
		$(objtree)/include/generated/utsrelease.h \
		$(objtree)/include/generated/autoconf.h FORCE
	$(call if_changed,xnet_probe)

targets += compat/probed.h
clean-files += compat/probed.h

$(addprefix $(obj)/,$(vhost_xnet-y)): $(obj)/compat/probed.h
