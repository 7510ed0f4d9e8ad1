DROP TABLE ads;
DROP TABLE recommended_bots;
DROP TABLE recommended_group_counts;
DROP TABLE recommended_groups;
DROP TABLE categories;
