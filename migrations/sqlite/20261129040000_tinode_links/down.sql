DROP TABLE tinode_links;
