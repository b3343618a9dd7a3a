/* SPDX-License-Identifier: MIT */
/*
 * What an interface tells about itself. Of Linux's long table those functions are here that
 * somebody calls (dmakit/net.h).
 */
#ifndef _LINUX_ETHTOOL_H
#define _LINUX_ETHTOOL_H

#include <linux/compiler.h>
#include <linux/types.h>

#define ETHTOOL_FWVERS_LEN 32
#define ETHTOOL_BUSINFO_LEN 32
#define ETHTOOL_EROMVERS_LEN 32
#define ETH_GSTRING_LEN 32

struct net_device;

struct ethtool_drvinfo {
	__u32 cmd;
	char driver[32];
	char version[32];
	char fw_version[ETHTOOL_FWVERS_LEN];
	char bus_info[ETHTOOL_BUSINFO_LEN];
	char erom_version[ETHTOOL_EROMVERS_LEN];
	char reserved2[12];
	__u32 n_priv_flags;
	__u32 n_stats;
	__u32 testinfo_len;
	__u32 eedump_len;
	__u32 regdump_len;
};

struct ethtool_stats {
	__u32 cmd;
	__u32 n_stats;
	__u64 data[];
};

enum ethtool_stringset {
	ETH_SS_TEST,
	ETH_SS_STATS,
	ETH_SS_PRIV_FLAGS,
	ETH_SS_NTUPLE_FILTERS,
	ETH_SS_FEATURES
};

/* Each may be NULL. Called with rtnl held. */
struct ethtool_ops {
	void (*get_drvinfo)(struct net_device *dev, struct ethtool_drvinfo *info);
	u32 (*get_msglevel)(struct net_device *dev);
	void (*set_msglevel)(struct net_device *dev, u32 level);
	u32 (*get_link)(struct net_device *dev);
	int (*get_sset_count)(struct net_device *dev, int set);
	void (*get_strings)(struct net_device *dev, u32 set, u8 *strings);
	void (*get_ethtool_stats)(struct net_device *dev, struct ethtool_stats *stats, u64 *data);
};

/** ethtool_op_get_link - a get_link() for drivers that keep netif_carrier_on() and _off() true */
u32 ethtool_op_get_link(struct net_device *dev) DMK_SYM(ethtool_op_get_link);

#endif
